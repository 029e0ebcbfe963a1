"""The rules of when: decisions, next sync, backoff, spread."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import reasons
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.reasons import Reason
from imageyard.sync import plan
from imageyard.sync.plan import Park, Sync, Wait
from tests.sync.fakes import spec_of

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
JITTERS = st.floats(min_value=-1, max_value=1)
INTERVALS = st.integers(min_value=10, max_value=720 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def image() -> Repository:
    """An image that was synced half an hour ago and is due in another half."""
    made = Repository(
        metadata=ObjectMeta(name="nginx", namespace="default", uid="u", generation=1),
        spec=spec_of("library/nginx", "hub"),
    )
    made.status.sync_status = "Success"
    made.status.reason = "Synced"
    made.status.observed_generation = 1
    made.status.last_attempt = NOW - HOUR / 2
    made.status.next_sync = NOW + HOUR / 2
    return made


def new(made: Repository) -> None:
    made.status = type(made.status)(sync_status="")


def changed(made: Repository) -> None:
    made.metadata.generation = 2


def requested(made: Repository) -> None:
    made.metadata.annotations[SYNC_REQUEST] = "1"


def handled(made: Repository) -> None:
    requested(made)
    made.status.last_handled_sync_request = "1"


def suspended(made: Repository) -> None:
    made.spec.suspend = True
    made.status.next_sync = None


def overdue(made: Repository) -> None:
    made.status.next_sync = NOW - HOUR


def cut_off(made: Repository) -> None:
    made.status.sync_status = "Syncing"


def interrupted(made: Repository) -> None:
    made.status.reason = "Interrupted"
    overdue(made)


def failing(made: Repository) -> None:
    made.status.sync_status = "Failed"
    made.status.reason = "TagNotFound"


def far_off(made: Repository) -> None:
    made.status.next_sync = NOW + 24 * HOUR


def poisoned(made: Repository) -> None:
    made.spec.sync_interval = "1e99h"


CASES: list[tuple[str, list[Callable[[Repository], None]], str]] = [
    ("not due", [], "wait"),
    ("new", [new], "create"),
    ("new and suspended", [new, suspended], "Suspended"),
    ("spec changed", [changed], "specChange"),
    ("asked", [requested], "manual"),
    ("asked and answered", [handled], "wait"),
    ("suspended", [suspended], "never"),
    ("suspended just now", [changed, suspended], "Suspended"),
    ("suspended, but asked", [suspended, requested], "manual"),
    ("overdue", [overdue], "schedule"),
    ("cut off by a crash", [cut_off], "recovery"),
    ("handed back", [interrupted], "recovery"),
    ("failing, not due", [failing], "wait"),
    ("clock went back", [far_off], "schedule"),
    ("invalid interval", [poisoned], "InvalidSpec"),
    ("invalid interval, even when asked", [poisoned, requested], "InvalidSpec"),
]


@pytest.mark.parametrize(("changes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_decisions(changes: list[Callable[[Repository], None]], expected: str) -> None:
    made = image()
    for change in changes:
        change(made)
    match plan.decide(made, NOW):
        case Sync(trigger):
            assert trigger == expected
        case Park(reason):
            assert reason == expected
        case Wait(until):
            assert expected == ("never" if until is None else "wait")


def test_a_wake_tries_what_fails_and_leaves_the_rest_alone() -> None:
    made = image()
    assert isinstance(plan.decide(made, NOW, woken="sourceChange"), Wait)
    failing(made)
    decision = plan.decide(made, NOW, woken="sourceChange")
    assert isinstance(decision, Sync)
    assert decision.trigger == "sourceChange"
    suspended(made)
    assert isinstance(plan.decide(made, NOW, woken="sourceChange"), Wait)


def test_an_invalid_spec_is_told_once() -> None:
    made = image()
    poisoned(made)
    made.status.reason = "InvalidSpec"
    assert plan.decide(made, NOW) == Wait(None)


@given(interval=INTERVALS, jitter=JITTERS)
def test_after_a_success_the_next_sync_comes_at_the_interval_give_or_take_a_tenth(
    interval: timedelta, jitter: float
) -> None:
    gap = plan.next_sync(Reason.Synced, 0, interval, NOW, jitter) - NOW
    assert interval * 0.9 - timedelta(seconds=1) <= gap <= interval * 1.1


@given(reason=st.sampled_from(Reason), failures=st.integers(1, 10_000), interval=INTERVALS, jitter=JITTERS)
def test_after_a_failure_transient_ones_back_off_and_others_wait_for_the_interval(
    reason: Reason, failures: int, interval: timedelta, jitter: float
) -> None:
    gap = (plan.next_sync(reason, failures, interval, NOW, jitter) - NOW).total_seconds()
    if reasons.explain(reason).backoff:
        ideal = min(30 * 2 ** min(failures - 1, 20), 900)
        assert gap <= min(900, interval.total_seconds())
        assert gap >= min(ideal * 0.9, interval.total_seconds()) - 1
        assert gap <= ideal * 1.1
    else:
        assert interval.total_seconds() * 0.9 - 1 <= gap <= interval.total_seconds() * 1.1


@given(tries=st.integers(1, 11), jitter=JITTERS, asked=st.none() | st.floats(0, 900))
def test_retries_inside_a_sync_wait_longer_each_time_and_at_least_what_was_asked(
    tries: int, jitter: float, asked: float | None
) -> None:
    delay = plan.retry_delay(tries, asked, jitter)
    assert delay >= (asked or 0)
    assert delay <= max(60.0, asked or 0)
    assert delay >= min(0.9 * 2.0 ** (tries - 1), 60.0)


@given(count=st.integers(1, 1000), data=st.data(), interval=INTERVALS)
def test_overdue_images_keep_their_order_within_ten_minutes_or_their_interval(
    count: int, data: st.DataObject, interval: timedelta
) -> None:
    rank = data.draw(st.integers(0, count - 1))
    wait = plan.spread(rank, count, interval)
    assert timedelta() <= wait < min(interval, timedelta(minutes=10))
    assert plan.spread(0, count, interval) == timedelta()
    assert rank == 0 or plan.spread(rank - 1, count, interval) < wait
