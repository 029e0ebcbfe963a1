"""Connections nobody asks on, and those that are looked at: each in its turn, few at a time, none forgotten."""

from itertools import pairwise
from typing import Any

from imageyard.app.idle import SECONDS, Idle


class Closing:
    """A transport that remembers having been closed."""

    def __init__(self) -> None:
        self.closed = False
        self.left = 0

    def unsent(self) -> int:
        return self.left

    def close(self) -> None:
        self.closed = True


def test_all_that_are_awake_are_looked_at_within_seconds_but_never_all_at_once() -> None:
    idle, protocols = Idle(), [object() for _ in range(1_000)]
    for protocol in protocols:
        idle.wake(protocol)
    looks = [idle.awake(tick / 10) for tick in range(20)]
    assert {each for look in looks for each in look} == {*protocols}
    assert max(map(len, looks)) <= 100


def test_nobody_is_looked_at_twice_within_a_second() -> None:
    idle, protocol = Idle(), object()
    idle.wake(protocol)
    assert [len(idle.awake(now)) for now in (0.0, 0.5, 0.9, 1.0, 1.1)] == [1, 0, 0, 1, 0]
    idle.rest(protocol)
    idle.wake(protocol)
    assert idle.awake(1.2) == [protocol]


def test_who_rests_is_not_looked_at() -> None:
    idle, protocol = Idle(), object()
    idle.wake(protocol)
    idle.rest(protocol)
    assert idle.awake(0.0) == []


def test_who_has_been_idle_too_long_is_closed_longest_first_and_few_at_a_time() -> None:
    idle, transports = Idle(), [Closing() for _ in range(100)]
    given: list[Any] = [*transports]
    for number, transport in enumerate(given):
        idle.add(transport, number / 100)
    idle.say_goodbye(SECONDS - 0.1)
    assert not any(each.closed for each in transports)
    closed = []
    for _ in range(100):
        idle.say_goodbye(SECONDS + 1)
        closed.append(sum(each.closed for each in transports))
    assert max(after - before for before, after in pairwise(closed)) < 10
    assert [each.closed for each in transports[: closed[0]]] == [True] * closed[0]
    assert (closed[-1], len(idle)) == (100, 0)


def test_who_asked_again_meanwhile_stays() -> None:
    idle: Idle = Idle()
    asks: Any = Closing()
    idle.add(asks, 0.0)
    idle.add(asks, 50.0)
    idle.say_goodbye(SECONDS + 1)
    assert not asks.closed


def test_who_still_reads_an_answer_is_not_idle() -> None:
    idle: Idle = Idle()
    reads: Any = Closing()
    reads.left = 1_000_000
    idle.add(reads, 0.0)
    idle.say_goodbye(SECONDS + 1)
    assert not reads.closed
    reads.left = 0
    idle.say_goodbye(SECONDS + 2)
    assert not reads.closed
    idle.say_goodbye(2 * SECONDS + 2)
    assert reads.closed
