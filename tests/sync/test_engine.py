"""The engine's promises, on a real store, with scripted registries, in virtual time."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import VERIFY_STATUS, HostStatus
from imageyard.domain.kinds.repository import RepositorySpec
from imageyard.domain.reasons import Reason
from imageyard.registry import Probe, Quota
from imageyard.service.fetch import Fetched, Unresolved
from imageyard.sync.settings import EngineSettings
from tests.sync.fakes import DIGEST, OTHER, WORDS, World, bad, good


def asked(yard: World, name: str, source: str = "hub") -> int:
    return yard.registries.asked[(f"{source}.example.com", name)]


async def test_first_sync_starts_at_once_and_fills_the_status(yard: World) -> None:
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(0.1)
    status = (await yard.get("nginx")).status
    assert (status.sync_status, status.reason, status.failures) == ("Success", "Synced", 0)
    assert status.manifest is not None
    assert status.manifest.digest == DIGEST
    assert status.observed_generation == 1
    assert {c.type: c.status for c in status.conditions} == {"Synced": "True", "Ready": "True", "Stalled": "False"}
    assert all(c.reason and c.observed_generation == 1 for c in status.conditions)


async def test_images_created_before_a_start_are_found(yard: World) -> None:
    await yard.add("nginx")
    await yard.start()
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_the_watches_stand_while_it_runs(yard: World) -> None:
    assert yard.engine.health() == {"sync-engine": False, "watch-cache": False}
    await yard.start()
    assert yard.engine.health() == {"sync-engine": True, "watch-cache": True}
    await yard.end()
    assert yard.engine.health() == {"sync-engine": False, "watch-cache": False}


async def test_a_source_shows_the_quota_that_its_registry_tells(yard: World) -> None:
    yard.registries.answer = lambda host, spec: good()._replace(quota=Quota(100, 42))
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(60)
    stored = await yard.store.get(REGISTRY_SECRET, "default", "hub")
    shown = msgspec.json.decode(stored.body)["status"]
    assert shown["host"] == {"state": "ok", "quotaLimit": 100, "quotaRemaining": 42}


async def test_first_sync_is_shown_while_it_runs(yard: World) -> None:
    yard.registries.delay = lambda host: 0.5
    await yard.start()
    await yard.add("nginx", sync_timeout="2m")
    await yard.pass_time(0.1)
    status = (await yard.get("nginx")).status
    assert status.sync_status == "Syncing"
    assert status.next_sync is not None
    assert status.next_sync - yard.clock.now() <= timedelta(minutes=2)
    await yard.pass_time(0.6)
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_an_unchanged_scheduled_sync_writes_once_and_leaves_no_history(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s")
    await yard.pass_time(1)
    yard.line.writes.clear()
    await yard.pass_time(60)
    assert yard.line.writes["nginx"] == 1
    assert len(await yard.notes("nginx")) == 1


async def test_a_scheduled_sync_is_shown_only_when_it_lasts_longer_than_a_second(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s")
    await yard.pass_time(1)
    yard.registries.delay = lambda host: 3.0
    await yard.pass_time(59.5)
    assert asked(yard, "nginx") == 2
    assert (await yard.get("nginx")).status.sync_status == "Success"
    await yard.pass_time(1.1)
    assert (await yard.get("nginx")).status.sync_status == "Syncing"
    await yard.pass_time(3)
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_a_thousand_requests_become_two_runs_at_most_and_never_two_at_once(yard: World) -> None:
    yard.registries.delay = lambda host: 0.5
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    before = asked(yard, "nginx")
    for number in range(1000):
        await yard.request_patiently("nginx", str(number))
    await yard.pass_time(5)
    assert 1 <= asked(yard, "nginx") - before <= 2
    assert max(yard.registries.most_on.values()) == 1
    assert (await yard.get("nginx")).status.last_handled_sync_request == "999"


async def test_a_thousand_requests_to_a_registry_that_answers_at_once_become_two_runs_at_most(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="1h")
    await yard.pass_time(10)
    before = asked(yard, "nginx")
    for number in range(1000):
        await yard.request_patiently("nginx", str(number))
        if not number % 10:
            await yard.pass_time(0.02)
        if number == 100:
            assert asked(yard, "nginx") - before == 1, "the first is obeyed at once"
    await yard.pass_time(5)
    assert asked(yard, "nginx") - before == 2
    assert (await yard.get("nginx")).status.last_handled_sync_request == "999"


async def test_hung_registries_do_not_delay_the_others(yard: World) -> None:
    """20 of 40 registries hang for 30 s; the images of the other half are synced within 2 s all the same."""
    for number in range(40):
        await yard.add_source(f"r{number}")
    await yard.start()
    yard.registries.delay = lambda host: 30.0 if int(host.split(".")[0][1:]) % 2 else 0.05
    yard.registries.answer = lambda host, spec: good() if not int(host.split(".")[0][1:]) % 2 else bad(Reason.Timeout)
    for number in range(40):
        for image in range(10):
            await yard.add(f"i{number}-{image}", f"r{number}")
    await yard.pass_time(2.5)
    done = [
        (await yard.get(f"i{number}-{image}")).status.sync_status for number in range(0, 40, 2) for image in range(10)
    ]
    assert done == ["Success"] * 200


async def test_a_host_is_never_asked_more_than_six_at_once(yard: World) -> None:
    yard.registries.delay = lambda host: 0.3
    await yard.start()
    for number in range(30):
        await yard.add(f"i{number}")
    await yard.pass_time(5)
    assert yard.registries.most_at["hub.example.com"] == 6
    assert sum(yard.registries.asked.values()) == 30


async def test_a_host_is_asked_on_while_answers_wait_for_the_disk(yard: World) -> None:
    await yard.start()
    yard.line.open.clear()
    for number in range(20):
        await yard.add(f"image-{number}")
    await yard.pass_time(0.5)
    assert yard.registries.asked.total() == 20
    assert yard.registries.most_at["hub.example.com"] <= 6
    yard.line.open.set()
    await yard.pass_time(1)
    assert {(await yard.get(f"image-{number}")).status.sync_status for number in range(20)} == {"Success"}


async def test_a_full_disk_stops_nothing_but_writes(yard: World) -> None:
    await yard.start()
    yard.line.full = True
    yard.registries.delay = lambda host: 3.0
    await yard.add("slow")
    await yard.pass_time(10)
    assert yard.engine.ready
    yard.line.full = False
    await yard.pass_time(60)
    assert (await yard.get("slow")).status.sync_status == "Success"


async def test_what_a_disk_does_not_take_is_written_once_it_can_be_and_reads_go_on(yard: World) -> None:
    for number in range(5):
        await yard.add(f"old{number}", sync_interval="30s")
    await yard.start()
    yard.line.full = True
    yard.registries.delay = lambda host: 3.0
    await yard.add("new")
    await yard.add_source("other", verified=False)
    await yard.pass_time(120)
    assert yard.engine.ready
    assert asked(yard, "old0") > 1
    yard.line.full = False
    await yard.pass_time(60)
    assert (await yard.get("new")).status.sync_status == "Success"
    assert (await yard.source("other")).metadata.annotations[VERIFY_STATUS] == "success"


async def test_waiting_for_the_hosts_pace_is_not_syncing(yard: World) -> None:
    yard.registries.delay = lambda host: 5.0
    await yard.start()
    for number in range(8):
        await yard.add(f"i{number}")
    await yard.pass_time(2)
    shown = [(await yard.get(f"i{number}")).status.sync_status for number in range(8)]
    assert sorted(shown) == ["", "", *["Syncing"] * 6]


async def test_a_crash_in_the_middle_leaves_nothing_syncing(yard: World) -> None:
    yard.registries.delay = lambda host: 5.0
    await yard.start()
    for number in range(5):
        await yard.add(f"i{number}")
    await yard.pass_time(1)
    await yard.crash()
    assert (await yard.get("i0")).status.sync_status == "Syncing"
    yard.registries.delay = lambda host: 0.0
    await yard.start()
    assert [(await yard.get(f"i{number}")).status.sync_status for number in range(5)] == ["Success"] * 5


async def test_what_a_crash_left_syncing_is_not_syncing_while_its_host_pauses(yard: World) -> None:
    yard.registries.delay = lambda host: 5.0
    await yard.start()
    for number in range(8):
        await yard.add(f"i{number}")
    await yard.pass_time(1)
    await yard.crash()
    yard.registries.delay = lambda host: 0.0
    yard.registries.answer = lambda host, spec: bad(Reason.RateLimited, retry_after=600)
    await yard.start()
    await yard.pass_time(30)
    shown = [(await yard.get(f"i{number}")).status.sync_status for number in range(8)]
    assert "Syncing" not in shown


async def test_stop_hands_running_syncs_back_and_the_next_start_takes_them_up(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="1h")
    await yard.pass_time(1)
    yard.registries.delay = lambda host: 60.0
    await yard.request("nginx", "now")
    await yard.pass_time(2)
    assert (await yard.get("nginx")).status.sync_status == "Syncing"
    await yard.end()
    status = (await yard.get("nginx")).status
    assert (status.sync_status, status.reason) == ("Success", "Interrupted")
    assert status.next_sync is not None
    assert status.next_sync <= yard.clock.now()
    yard.registries.delay = lambda host: 0.0
    await yard.start()
    assert (await yard.get("nginx")).status.last_handled_sync_request == "now"


async def test_a_429_pauses_the_host_and_a_request_waits_and_says_so(yard: World) -> None:
    await yard.start()
    await yard.add("nginx")
    await yard.add("redis")
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.RateLimited, retry_after=300)
    await yard.request("nginx", "1")
    await yard.pass_time(1)
    assert (await yard.get("nginx")).status.reason == "RateLimited"
    yard.registries.answer = lambda host, spec: good()
    before = sum(yard.registries.asked.values())
    await yard.request("redis", "1")
    await yard.pass_time(250)
    status = (await yard.get("redis")).status
    assert sum(yard.registries.asked.values()) == before
    assert "2026-01-01T00:05:0" in status.message
    assert status.sync_status == "Success"
    host = (await yard.source("hub")).status.host
    assert host is not None
    assert (host.state, host.paused_until is None) == ("paused", False)
    await yard.pass_time(60)
    status = (await yard.get("redis")).status
    assert (status.last_handled_sync_request, status.reason) == ("1", "Synced")
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_a_registry_that_comes_back_heals_all_its_images_within_a_minute(yard: World) -> None:
    await yard.start()
    for number in range(20):
        await yard.add(f"i{number}", sync_interval="60s")
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.ConnectionRefused)
    await yard.pass_time(1800)
    state = (await yard.source("hub")).status.host
    assert state is not None
    assert state.state == "open"
    assert [(await yard.get(f"i{number}")).status.sync_status for number in range(20)] == ["Failed"] * 20
    yard.registries.answer = lambda host, spec: good()
    await yard.pass_time(45)
    assert [(await yard.get(f"i{number}")).status.sync_status for number in range(20)] == ["Success"] * 20
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.host == HostStatus("ok")


async def test_a_single_image_with_long_backoff_heals_soon_too(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="24h", retry_count=0)
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.ConnectionRefused)
    await yard.request("nginx", "1")
    await yard.pass_time(7200)
    yard.registries.answer = lambda host, spec: good()
    await yard.pass_time(45)
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_an_open_breaker_spares_the_host_but_obeys_a_request(yard: World) -> None:
    await yard.start()
    for number in range(5):
        await yard.add(f"i{number}", sync_interval="10s", retry_count=0)
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.Timeout)
    await yard.pass_time(60)
    before = sum(yard.registries.asked.values())
    await yard.pass_time(300)
    assert sum(yard.registries.asked.values()) == before
    await yard.request("i0", "now")
    await yard.pass_time(1)
    assert sum(yard.registries.asked.values()) == before + 1
    assert (await yard.get("i0")).status.last_handled_sync_request == "now"


@pytest.mark.parametrize("elsewhere", [True, False], ids=["another host", "some paths of this host"])
async def test_images_that_a_healthy_registry_cannot_help_keep_their_backoff_and_disturb_no_other(
    yard: World, elsewhere: bool
) -> None:
    """`/v2/` answers all along, so that no probe has news for them."""

    def answer(host: str, spec: RepositorySpec) -> Fetched:
        broken = bad(Reason.ConnectionRefused)._replace(elsewhere=elsewhere)
        return broken if spec.repository.startswith("broken") else good()

    yard.registries.answer = answer
    await yard.start()
    await yard.add("healthy", sync_interval="30s")
    for number in range(12 if elsewhere else 2):
        await yard.add(f"broken{number}", retry_count=0)
    await yard.pass_time(220)
    times = yard.registries.times["broken0"]
    gaps = [round(later - earlier) for earlier, later in pairwise(times)]
    assert all(abs(gap - expected) <= expected / 9 for gap, expected in zip(gaps, (30, 60, 120), strict=False))
    assert len(times) == 4
    lines = [msgspec.json.decode(line) for line in await yard.notes("healthy")]
    assert [line["result"] for line in lines] == ["Success"]
    due = (await yard.get("broken0")).status.next_sync
    assert due is not None
    assert due > yard.clock.now()


async def test_failed_syncs_back_off_from_30_s_to_15_min(yard: World) -> None:
    await yard.start()
    yard.registries.answer = lambda host, spec: bad(Reason.ServerError)
    await yard.add("nginx", retry_count=0, sync_interval="1h")
    await yard.pass_time(6000)
    times = yard.registries.times["nginx"]
    gaps = [round(later - earlier) for earlier, later in pairwise(times)]
    assert gaps == [30, 60, 120, 240, 480, 900, 900, 900, 900, 900][: len(gaps)]
    assert len(gaps) >= 9


async def test_only_what_another_try_may_mend_is_tried_again(yard: World) -> None:
    await yard.start()
    reasons = {"broken": Reason.ServerError, "missing": Reason.TagNotFound, "denied": Reason.Forbidden}
    yard.registries.answer = lambda host, spec: bad(reasons[spec.repository])
    for name in reasons:
        await yard.add(name, retry_count=2)
    await yard.pass_time(20)
    assert {name: asked(yard, name) for name in reasons} == {"broken": 3, "missing": 1, "denied": 1}


async def test_retry_after_is_obeyed_inside_a_sync(yard: World) -> None:
    await yard.start()
    answers = [bad(Reason.ServerError, retry_after=20), good()]
    yard.registries.answer = lambda host, spec: answers.pop(0)
    await yard.add("nginx")
    await yard.pass_time(30)
    first, second = yard.registries.times["nginx"]
    assert second - first >= 20
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_a_new_suspended_image_needs_no_write_of_the_engine(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", suspend=True)
    await yard.pass_time(60)
    assert yard.line.writes["nginx"] == 0


async def test_an_image_that_is_deleted_before_its_turn_is_not_synced(yard: World) -> None:
    await yard.start()
    await asyncio.gather(yard.add("nginx"), yard.remove("nginx"))
    await yard.pass_time(60)
    assert asked(yard, "nginx") == 0


async def test_a_suspended_image_rests_but_obeys_a_request(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", suspend=True, sync_interval="10s")
    await yard.pass_time(60)
    status = (await yard.get("nginx")).status
    assert (asked(yard, "nginx"), status.reason, status.next_sync) == (0, "Suspended", None)
    await yard.request("nginx", "1")
    await yard.pass_time(60)
    status = (await yard.get("nginx")).status
    assert (asked(yard, "nginx"), status.sync_status, status.next_sync) == (1, "Success", None)
    await yard.change("nginx", lambda image: setattr(image.spec, "suspend", False), spec=True)
    await yard.pass_time(1)
    assert asked(yard, "nginx") == 2


async def test_a_new_tag_is_synced_at_once_and_clears_the_old_manifest(yard: World) -> None:
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.TagNotFound)
    await yard.change("nginx", lambda image: setattr(image.spec, "tag", "v2"), spec=True)
    await yard.pass_time(1)
    status = (await yard.get("nginx")).status
    assert (status.manifest, status.reason, status.observed_generation) == (None, "TagNotFound", 2)
    assert {c.type: c.status for c in status.conditions} == {"Synced": "False", "Ready": "False", "Stalled": "False"}


async def test_another_interval_keeps_the_manifest_even_when_the_sync_fails(yard: World) -> None:
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.TagNotFound)
    await yard.change("nginx", lambda image: setattr(image.spec, "sync_interval", "2h"), spec=True)
    await yard.pass_time(1)
    status = (await yard.get("nginx")).status
    assert status.manifest is not None
    assert "since 2026-01-01T00:00:01Z" in status.message
    assert {c.type: c.status for c in status.conditions} == {"Synced": "False", "Ready": "True", "Stalled": "False"}


async def test_an_outcome_of_an_older_spec_is_dropped(yard: World) -> None:
    yard.registries.delay = lambda host: 2.0
    yard.registries.answer = lambda host, spec: good(OTHER if spec.tag == "v2" else DIGEST)
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    await yard.change("nginx", lambda image: setattr(image.spec, "tag", "v2"), spec=True)
    await yard.pass_time(1.5)
    status = (await yard.get("nginx")).status
    assert status.manifest is None
    await yard.pass_time(3)
    status = (await yard.get("nginx")).status
    assert status.manifest is not None
    assert status.manifest.digest == OTHER
    assert len(await yard.notes("nginx")) == 1


async def test_a_sync_ends_at_its_timeout(yard: World) -> None:
    yard.registries.delay = lambda host: 1000.0
    await yard.start()
    await yard.add("nginx", sync_timeout="10s")
    await yard.pass_time(11)
    status = (await yard.get("nginx")).status
    assert (status.sync_status, status.reason) == ("Failed", "Timeout")


async def test_a_poisonous_object_fails_alone(yard: World) -> None:
    await yard.add("poison", sync_interval="1e99h")
    await yard.add("long", sync_interval="1h")
    await yard.start()
    await yard.add("healthy")
    await yard.pass_time(1)
    status = (await yard.get("poison")).status
    assert (status.sync_status, status.reason, status.next_sync) == ("Failed", "InvalidSpec", None)
    assert {c.type: c.status for c in status.conditions} == {"Synced": "False", "Ready": "False", "Stalled": "True"}
    assert (await yard.get("healthy")).status.sync_status == "Success"
    yard.line.writes.clear()
    await yard.pass_time(600)
    assert yard.line.writes["poison"] == 0


async def test_a_fetch_that_crashes_fails_alone(yard: World) -> None:
    def answer(host: str, spec: RepositorySpec) -> Fetched:
        if spec.repository == "boom":
            raise ZeroDivisionError
        return good()

    yard.registries.answer = answer
    await yard.start()
    await yard.add("boom")
    await yard.add("nginx")
    await yard.pass_time(1)
    status = (await yard.get("boom")).status
    assert (status.sync_status, status.reason) == ("Failed", "Interrupted")
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_a_401_asks_once_whether_the_credential_is_refused(yard: World) -> None:
    yard.registries.answer = lambda host, spec: bad(Reason.Unauthorized, unauthorized=True)
    yard.verifications.verdict = Probe(False, Reason.Unauthorized, WORDS, ())
    yard.registries.delay = lambda host: 0.1
    await yard.start()
    for number in range(4):
        await yard.add(f"i{number}")
    await yard.pass_time(2)
    assert [(await yard.get(f"i{number}")).status.reason for number in range(4)] == ["CredentialRefused"] * 4
    assert yard.verifications.asked["hub"] == 1


async def test_a_401_under_a_good_credential_means_that_the_repository_is_not_there(yard: World) -> None:
    yard.registries.answer = lambda host, spec: bad(Reason.Unauthorized, unauthorized=True)
    await yard.start()
    for number in range(10):
        await yard.add(f"i{number}")
        await yard.pass_time(1)
    assert [(await yard.get(f"i{number}")).status.reason for number in range(10)] == ["RepositoryNotFound"] * 10
    assert yard.verifications.asked["hub"] == 1


async def test_a_password_that_was_good_a_moment_ago_is_found_to_be_refused(yard: World) -> None:
    yard.registries.answer = lambda host, spec: bad(Reason.Unauthorized, unauthorized=True)
    await yard.start()
    await yard.add("before")
    await yard.pass_time(20)
    yard.verifications.verdict = Probe(False, Reason.Unauthorized, WORDS, ())
    await yard.add("after")
    await yard.pass_time(1)
    reasons = [(await yard.get(name)).status.reason for name in ("before", "after")]
    assert reasons == ["RepositoryNotFound", "CredentialRefused"]


async def test_a_change_of_the_source_wakes_its_failing_images(yard: World) -> None:
    yard.registries.denied["hub"] = Unresolved(Reason.ReferenceNotPermitted, WORDS)
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    assert (await yard.get("nginx")).status.reason == "ReferenceNotPermitted"
    yard.registries.denied.clear()
    await yard.grant("hub", "*")
    await yard.pass_time(1)
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_a_source_that_appears_heals_the_images_that_name_it(yard: World) -> None:
    yard.registries.denied["late"] = Unresolved(Reason.RegistryNotFound, WORDS)
    await yard.start()
    await yard.add("nginx", "late")
    await yard.pass_time(1)
    assert (await yard.get("nginx")).status.reason == "RegistryNotFound"
    yard.registries.denied.clear()
    await yard.add_source("late")
    await yard.pass_time(1)
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_the_schedule_counts_from_the_last_attempt_across_a_restart(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="1h")
    await yard.pass_time(1200)
    await yard.end()
    await yard.start()
    await yard.pass_time(2300)
    assert asked(yard, "nginx") == 1
    await yard.pass_time(150)
    assert asked(yard, "nginx") == 2


async def test_overdue_images_start_longest_overdue_first_spread_over_ten_minutes(yard: World) -> None:
    await yard.start()
    for number in range(10):
        await yard.add(f"i{number}", sync_interval="1h")
        await yard.pass_time(10)
    await yard.add("often", sync_interval="20s")
    await yard.pass_time(1)
    await yard.end()
    await yard.clock.advance(7200)
    begun = yard.clock.monotonic()
    await yard.start()
    await yard.pass_time(600)
    starts = [yard.registries.times[f"i{number}"][1] - begun for number in range(10)]
    assert starts == sorted(starts)
    assert starts[0] < 60
    assert 300 < starts[-1] <= 600
    assert yard.registries.times["often"][1] - begun <= 20


async def test_a_deleted_image_is_forgotten_even_while_it_runs(yard: World) -> None:
    yard.registries.delay = lambda host: 5.0
    await yard.start()
    await yard.add("nginx")
    await yard.pass_time(1)
    await yard.remove("nginx")
    await yard.pass_time(10)
    assert asked(yard, "nginx") == 1
    assert yard.registries.now_at["hub.example.com"] == 0


async def test_sources_tell_how_many_images_use_them(yard: World) -> None:
    await yard.start()
    for number in range(3):
        await yard.add(f"i{number}")
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.used_by == 3
    await yard.remove("i0")
    await yard.pass_time(5)
    assert (await yard.source("hub")).status.used_by == 2


async def test_sources_are_verified_at_once_and_again_when_due(yard: World) -> None:
    await yard.start()
    await yard.add_source("fresh", verified=False)
    await yard.pass_time(1)
    assert yard.verifications.asked["fresh"] == 1
    await yard.pass_time(1790)
    assert yard.verifications.asked["fresh"] == 1
    await yard.pass_time(60)
    assert yard.verifications.asked["fresh"] == 2


async def test_failing_images_are_told_for_the_alerts_also_after_a_restart(yard: World) -> None:
    await yard.start()
    yard.registries.answer = lambda host, spec: bad(Reason.TagNotFound)
    await yard.add("nginx")
    await yard.pass_time(1)
    expected = [("r.example.com/nginx:latest", "default", "nginx", 1)]
    assert yard.engine.failing_images() == expected
    await yard.end()
    await yard.start()
    assert yard.engine.failing_images() == expected


async def test_a_scarce_quota_is_kept_for_requests(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="1h")
    await yard.pass_time(1)
    yard.registries.answer = lambda host, spec: bad(Reason.RateLimited, retry_after=2160.0)._replace(spared=True)
    await yard.pass_time(4000)
    status = (await yard.get("nginx")).status
    assert (status.sync_status, status.reason, status.failures) == ("Success", "RateLimited", 0)
    assert status.manifest is not None
    assert status.manifest.digest == DIGEST
    assert {condition.type: condition.status for condition in status.conditions}["Synced"] == "True"
    assert status.next_sync is not None
    assert status.last_attempt is not None
    assert status.next_sync - status.last_attempt == timedelta(minutes=36)
    assert asked(yard, "nginx") == 2
    await yard.request("nginx", "now")
    await yard.pass_time(1)
    status = (await yard.get("nginx")).status
    assert (status.reason, status.manifest and status.manifest.digest) == ("Synced", OTHER)


async def test_failing_sources_are_counted_on_across_a_restart(yard: World) -> None:
    """The alert on failures in a row does not forget them."""
    yard.verifications.verdict = Probe(False, Reason.Timeout, WORDS, ())
    await yard.add_source("away", verified=False)
    await yard.start()
    await yard.pass_time(2.5 * 1800)
    before = yard.engine.failing_sources()
    assert before == [("away", "default", 3)]
    await yard.end()
    await yard.start()
    assert yard.engine.failing_sources() == before


async def test_more_than_the_window_holds_is_synced_as_it_falls_due(yard: World) -> None:
    """The window is read on before it has run out, not only at its usual time."""
    yard.settings = EngineSettings(per_host=6, total=128, window_limit=8)
    await yard.start()
    for number in range(60):
        await yard.add(f"i{number}", sync_interval="300s")
    await yard.pass_time(5)
    assert sum(yard.registries.asked.values()) == 60
    await yard.pass_time(320)
    assert sum(yard.registries.asked.values()) >= 120


async def test_an_index_that_is_read_late_has_no_source_tested_twice(yard: World) -> None:
    """What the due index says may be older than the test that was written meanwhile."""
    await yard.add_source("away", verified=False)
    await yard.start()
    await yard.pass_time(1790)
    yard.line.prompt.clear()
    await yard.pass_time(20)
    assert yard.verifications.asked["away"] == 2
    yard.line.prompt.set()
    await yard.pass_time(20)
    assert yard.verifications.asked["away"] == 2


async def test_history_keeps_changes_and_changed_outcomes(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s", retry_count=0)
    await yard.pass_time(61)
    yard.registries.answer = lambda host, spec: bad(Reason.TagNotFound)
    await yard.pass_time(130)
    yard.registries.answer = lambda host, spec: good(OTHER)
    await yard.pass_time(60)
    lines = [msgspec.json.decode(line) for line in await yard.notes("nginx")]
    assert [(line["result"], line["trigger"]) for line in lines] == [
        ("Success", "schedule"),
        ("Failed", "schedule"),
        ("Success", "create"),
    ]
    assert (lines[0]["digestBefore"], lines[0]["digestAfter"]) == (DIGEST, OTHER)


async def test_a_clock_that_goes_back_delays_no_image_beyond_its_interval(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s")
    await yard.pass_time(1)
    await yard.change("nginx", lambda i: setattr(i.status, "next_sync", yard.clock.now() + timedelta(days=3650)))
    await yard.pass_time(61)
    assert asked(yard, "nginx") >= 2


HOUR, YEARS = 3600.0, 10 * 365 * 86400.0


@pytest.mark.parametrize(
    "steps",
    [(-HOUR,), (-YEARS,), (HOUR, -HOUR), (-YEARS, YEARS), (YEARS, -YEARS)],
    ids=["back an hour", "back ten years", "forward and back", "back and corrected", "far forward and back"],
)
async def test_a_clock_that_is_set_stops_no_image_and_no_source_for_longer_than_its_interval(
    yard: World, steps: tuple[float, ...]
) -> None:
    await yard.add_source("other", verified=False)
    await yard.start()
    await yard.add("often", sync_interval="20s")
    await yard.add("seldom", sync_interval="5m")
    await yard.pass_time(30)
    for seconds in steps:
        yard.clock.set(seconds)
        await yard.pass_time(65)
        often, seldom, tests = asked(yard, "often"), asked(yard, "seldom"), yard.verifications.asked["other"]
        await yard.pass_time(2 * 330)
        assert asked(yard, "often") - often >= 20
        assert asked(yard, "seldom") - seldom >= 2
        await yard.pass_time(1800)
        assert yard.verifications.asked["other"] - tests >= 1


async def test_a_clock_that_went_back_while_nothing_ran_is_noticed_at_the_start(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s")
    await yard.pass_time(1)
    await yard.end()
    yard.clock.set(-YEARS)
    before = asked(yard, "nginx")
    await yard.start()
    await yard.pass_time(130)
    assert asked(yard, "nginx") - before >= 2


@pytest.mark.parametrize(("reason", "tests"), [(Reason.ConnectionRefused, 2), (Reason.Unauthorized, 1)], ids=str)
async def test_a_host_that_is_back_has_its_sources_tested_again_but_no_refused_credential(
    yard: World, reason: Reason, tests: int
) -> None:
    yard.registries.answer = lambda host, spec: bad(Reason.ConnectionRefused)
    yard.verifications.verdict = Probe(False, reason, WORDS, ())
    await yard.start()
    await yard.add_source("down", verified=False)
    await yard.add("nginx", "down")
    await yard.pass_time(60)
    yard.verifications.verdict = Probe(True, Reason.Verified, WORDS, ())
    yard.registries.answer = lambda host, spec: good()
    await yard.pass_time(60)
    assert yard.verifications.asked["down"] == tests
    assert (await yard.get("nginx")).status.sync_status == "Success"


async def test_what_a_sync_changed_is_told(yard: World) -> None:
    await yard.start()
    await yard.add("nginx", sync_interval="60s", retry_count=0)
    await yard.pass_time(130)
    yard.registries.answer = lambda host, spec: bad(Reason.TagNotFound)
    await yard.pass_time(66)
    yard.registries.answer = lambda host, spec: good(OTHER)
    await yard.pass_time(66)
    assert [one.reason for one in yard.happened] == ["Synced", "SyncFailed", "DigestChanged"]
    assert {one.about.uid for one in yard.happened} == {(await yard.get("nginx")).metadata.uid}
