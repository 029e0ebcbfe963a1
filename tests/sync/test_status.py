"""What an outcome makes of an image's status, conditions and history."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from imageyard.domain import conditions, reasons
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.service import images
from imageyard.service.fetch import Fetched
from imageyard.sync import plan, status
from imageyard.sync.plan import Sync
from tests.sync.fakes import DIGEST, bad, good, spec_of

NOW = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
HOUR = timedelta(hours=1)


def image() -> Repository:
    meta = ObjectMeta(name="nginx", namespace="default", uid="u", generation=3)
    return Repository(metadata=meta, spec=spec_of("library/nginx", "hub"))


def sync(made: Repository, trigger: plan.Trigger = "schedule", request: str = "") -> Sync:
    return Sync(trigger, request, plan.read(made))


def after(made: Repository, outcome: Fetched, now: datetime = NOW, request: str = "") -> Repository:
    return status.finished(made, sync(made, request=request), outcome, now, 0.0, "en")


def line(before: Repository, outcome: Fetched) -> dict[str, Any] | None:
    ended = after(before, outcome)
    note = status.note(before.status, ended.status, sync(before), outcome, timedelta(seconds=1.5))
    return None if note is None else msgspec.json.decode(note.body, type=dict[str, Any])


def test_what_was_read_is_not_touched() -> None:
    made = image()
    before = msgspec.json.encode(made)
    after(made, good())
    status.syncing(made, sync(made, "create"), NOW, "en")
    status.parked(made, Reason.Suspended, reasons.explain(Reason.Suspended).text, "", NOW, "zh")
    assert msgspec.json.encode(made) == before


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_new_suspended_image_says_from_the_start_what_the_engine_would_write(language: Language) -> None:
    made = image()
    made.spec.suspend = True
    parked = status.parked(made, Reason.Suspended, reasons.explain(Reason.Suspended).text, "", NOW, language)
    created = images.created(made, NOW, language)
    assert created == parked
    assert plan.decide(created, NOW) == plan.Wait(None)


def test_a_suspended_image_made_with_a_request_is_left_to_the_engine() -> None:
    made = image()
    made.spec.suspend = True
    made.metadata.annotations[SYNC_REQUEST] = "1"
    decision = plan.decide(images.created(made, NOW), NOW)
    assert isinstance(decision, Sync)
    assert decision.request == "1"


def test_moments_are_whole_seconds() -> None:
    shown = after(image(), good()).status
    for moment in (shown.last_attempt, shown.last_synced, shown.next_sync):
        assert moment is not None
        assert moment.microsecond == 0


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.Synced])
def test_a_failure_keeps_the_last_good_manifest_and_says_since_when_it_failed(reason: Reason) -> None:
    synced = after(image(), good())
    failed = after(after(synced, bad(reason), NOW + HOUR), bad(reason), NOW + 2 * HOUR)
    shown = failed.status
    assert (shown.sync_status, shown.reason, shown.failures) == ("Failed", reason, 2)
    assert shown.manifest is not None
    assert shown.manifest.digest == DIGEST
    assert shown.last_synced == synced.status.last_synced
    assert "2026-01-01T13:00:00Z" in shown.message
    held = {c.type: c.status for c in shown.conditions}
    stalled = "True" if reasons.explain(reason).stalled else "False"
    assert held == {"Synced": "False", "Ready": "True", "Stalled": stalled}


def test_every_condition_has_a_reason_and_the_generation() -> None:
    for outcome in (good(), bad(Reason.Timeout)):
        for condition in after(image(), outcome).status.conditions:
            assert condition.reason
            assert condition.observed_generation == 3
            assert condition.last_transition_time is not None


def test_a_condition_moves_only_when_its_status_does() -> None:
    first = after(image(), good(), NOW)
    second = after(first, good(), NOW + HOUR)
    for type_ in ("Synced", "Ready", "Stalled"):
        old, new = (conditions.find(i.status.conditions, type_) for i in (first, second))
        assert old is not None
        assert new is not None
        assert old.last_transition_time == new.last_transition_time


def test_the_request_is_echoed() -> None:
    assert after(image(), good(), request="now").status.last_handled_sync_request == "now"


def test_a_suspended_image_has_no_next_sync() -> None:
    made = image()
    made.spec.suspend = True
    assert after(made, good()).status.next_sync is None


def test_syncing_says_when_it_is_over_at_the_latest() -> None:
    made = image()
    shown = status.syncing(made, sync(made, "create"), NOW, "en").status
    assert shown.sync_status == "Syncing"
    assert shown.next_sync == datetime(2026, 1, 1, 12, 10, tzinfo=UTC)
    held = {c.type: (c.status, c.reason) for c in shown.conditions}
    assert held == {"Synced": ("Unknown", "Pending"), "Ready": ("False", "Pending")}


@pytest.mark.parametrize(
    ("outcome", "expected"), [(None, ""), (good(), "Success"), (bad(Reason.Timeout), "Failed")], ids=str
)
def test_handed_back_an_image_is_what_it_was_and_due_at_once(outcome: Fetched | None, expected: str) -> None:
    made = image() if outcome is None else after(image(), outcome)
    running = status.syncing(made, sync(made, "manual"), NOW, "en")
    shown = status.handed_back(running, NOW, "zh").status
    assert (shown.sync_status, shown.reason) == (expected, "Interrupted")
    assert shown.next_sync is not None
    assert shown.next_sync <= NOW
    assert shown.failures == made.status.failures


def test_history_tells_time_trigger_result_and_digests() -> None:
    assert line(image(), good()) == {
        "time": "2026-01-01T12:00:00Z",
        "trigger": "schedule",
        "result": "Success",
        "reason": "Synced",
        "message": "synced",
        "durationMs": 1500,
        "digestBefore": "",
        "digestAfter": DIGEST,
    }


def test_history_keeps_only_what_changed() -> None:
    synced, failed = after(image(), good()), after(image(), bad(Reason.Timeout))
    other = "sha256:" + "b" * 64
    assert line(synced, good(unchanged=True)) is None
    assert line(synced, good(other)) is not None
    assert line(synced, bad(Reason.Timeout)) is not None
    assert line(failed, bad(Reason.Timeout)) is None
    assert line(failed, bad(Reason.TagNotFound)) is not None
    assert line(failed, good()) is not None
    interrupted = status.handed_back(status.syncing(synced, sync(synced), NOW, "en"), NOW, "zh")
    assert line(interrupted, good(unchanged=True)) is None


def test_text_is_written_in_the_language_of_the_setting() -> None:
    made = image()
    chinese = status.finished(made, sync(made), good(), NOW, 0.0, "zh").status
    assert chinese.message == "同步成功"


def test_what_waits_for_its_first_sync_says_so_in_the_language_of_the_setting() -> None:
    made = image()
    held = status.syncing(made, sync(made, "create"), NOW, "zh").status.conditions
    assert {c.message for c in held} == {reasons.explain(Reason.Pending).text.zh}
