"""Conditions: lastTransitionTime moves with the status only."""

from datetime import UTC, datetime, timedelta

from imageyard.domain import conditions
from imageyard.domain.objects import Condition

NOW = datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_a_new_condition_goes_last_with_its_time_in_whole_seconds() -> None:
    ready = Condition("Ready", "True", "Synced")
    put = conditions.put([ready], "Synced", "False", "Timeout", "slow", 3, NOW)
    since = NOW.replace(microsecond=0)
    assert put == [ready, Condition("Synced", "False", "Timeout", "slow", 3, since)]


def test_the_time_stays_while_the_status_does() -> None:
    first = conditions.put([], "Synced", "False", "Timeout", "slow", 1, NOW)
    [again] = conditions.put(first, "Synced", "False", "ServerError", "500", 2, LATER)
    assert (again.reason, again.observed_generation) == ("ServerError", 2)
    assert again.last_transition_time == NOW.replace(microsecond=0)


def test_the_time_moves_with_the_status() -> None:
    first = conditions.put([], "Synced", "False", "Timeout", "slow", 1, NOW)
    [again] = conditions.put(first, "Synced", "True", "Synced", "", 1, LATER)
    assert again.last_transition_time == LATER.replace(microsecond=0)


def test_a_condition_without_a_time_gets_one() -> None:
    [put] = conditions.put([Condition("Synced", "True", "Synced")], "Synced", "True", "Synced", "", 1, NOW)
    assert put.last_transition_time == NOW.replace(microsecond=0)


def test_order_is_kept_and_the_given_list_stays_as_it_is() -> None:
    given = [Condition("A", "True", "x"), Condition("B", "True", "x"), Condition("C", "True", "x")]
    before = list(given)
    assert [held.type for held in conditions.put(given, "B", "False", "y", "", 1, NOW)] == ["A", "B", "C"]
    assert given == before
    assert given[1].status == "True"


def test_find_answers_the_condition_or_none() -> None:
    ready = Condition("Ready", "True", "Synced")
    assert conditions.find([ready], "Ready") is ready
    assert conditions.find([ready], "Synced") is None
