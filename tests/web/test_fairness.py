"""Turns and seats as rules: nobody starves, bounds hold, nothing lies idle."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.web import fairness
from imageyard.web.fairness import Fairness, Flow, Seats


class Loop:
    """An event loop in virtual time: what is let in works for a while, in turns."""

    def __init__(self, seats: int = 1_000) -> None:
        self.fairness: Fairness[int] = Fairness()
        self.seats = Seats(float(seats))
        self.now = 0.0
        self.served: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.used: defaultdict[str, float] = defaultdict(float)
        self.flows: dict[int, Flow] = {}
        self._numbers = count()

    def ask(self, identity: str, cost: float = 0.0001) -> bool:
        """A request comes; answers whether it is served at once."""
        flow = self.seats.flow(identity)
        if self.fairness.enter(flow, self.now):
            self._work(flow, cost)
            return True
        number = next(self._numbers)
        self.flows[number] = flow
        self.fairness.wait(flow, number, self.now)
        return False

    def turn(self, costs: Mapping[str, float] | None = None) -> int:
        """The loop comes round; answers how many went on, of which each costs what its identity's do."""
        going = self.fairness.turn(self.now)
        for one in going:
            flow = self.flows.pop(one.ticket)
            if one.retry_after is None:
                self._work(flow, (costs or {}).get(flow.identity, 0.0001))
            else:
                self.refused[flow.identity] += 1
        self.now += 0.00001
        return len(going)

    def _work(self, flow: Flow, cost: float) -> None:
        self.now += cost
        self.fairness.spend(flow, cost)
        self.fairness.leave(flow)
        self.served[flow.identity] += 1
        self.used[flow.identity] += cost


def test_one_who_asks_little_is_served_at_once_however_much_another_asks() -> None:
    loop = Loop()
    loop.ask("mouse")
    for _ in range(150):
        loop.ask("elephant")
    for _ in range(100):
        loop.turn()
        assert loop.ask("mouse", 0.00001)
        loop.ask("elephant")
    assert loop.served["elephant"] >= 100


def test_one_who_comes_new_goes_before_those_who_had_their_share() -> None:
    loop = Loop()
    loop.ask("mouse")
    for _ in range(150):
        loop.ask("elephant")
    loop.turn({"elephant": 1.0})  # this turn is used up
    assert not loop.ask("mouse")
    loop.turn()
    assert loop.served["mouse"] == 2


def test_two_who_ask_without_end_get_the_same_time_whatever_their_requests_cost() -> None:
    loop = Loop()
    loop.ask("small")
    loop.ask("large")
    costs = {"small": 0.0001, "large": 0.0101}
    for _ in range(2_000):
        for identity, cost in costs.items():
            while len(loop.seats.flow(identity).waiting) < 20:
                loop.ask(identity, cost)
        loop.turn(costs)
    assert loop.used["small"] == pytest.approx(loop.used["large"], rel=0.1)


def test_nobody_waits_while_nobody_else_is_about() -> None:
    loop = Loop()
    assert all(loop.ask("alone") for _ in range(50))


def test_alone_one_gets_half_of_the_seats_and_leaves_the_rest_to_others() -> None:
    limits, seats = Fairness[int](), Seats(8)
    assert [limits.enter(seats.flow("a"), 0.0) for _ in range(5)] == [True] * 4 + [False]
    assert [limits.enter(seats.flow("b"), 0.0) for _ in range(3)] == [True, True, False]
    assert limits.enter(seats.flow("c"), 0.0)


def test_who_waits_for_a_seat_gets_the_next_that_is_free() -> None:
    limits, seats = Fairness[str](), Seats(2)
    a = seats.flow("a")
    assert limits.enter(a, 0.0)
    assert not limits.enter(a, 0.0)
    limits.wait(a, "second", 0.0)
    assert limits.turn(0.1) == []
    assert not limits.due
    assert limits.leave(a)
    assert [going.ticket for going in limits.turn(0.2)] == ["second"]


def test_too_many_are_refused_after_a_pause_and_told_how_long_the_others_wait() -> None:
    limits, seats = Fairness[int](), Seats(2)
    flow = seats.flow("a")
    assert limits.enter(flow, 0.0)
    for number in range(fairness.MOST_WAITING + 1):
        limits.wait(flow, number, 0.0)
    assert limits.turn(0.5) == []
    limits.look(seats)
    assert limits.turn(3.0) == [fairness.Going(fairness.MOST_WAITING, 3.0)]


def test_who_waits_too_long_for_a_seat_is_refused() -> None:
    limits, seats = Fairness[int](), Seats(2)
    flow = seats.flow("a")
    assert limits.enter(flow, 0.0)
    limits.wait(flow, 1, 0.0)
    limits.turn(1.0)
    limits.look(seats)
    [refused] = limits.turn(fairness.LONGEST_WAIT + 1)
    assert refused.retry_after == pytest.approx(fairness.LONGEST_WAIT + 1)
    assert limits.waiting == 0


@pytest.mark.parametrize("gone_on", [False, True])
def test_who_gives_up_leaves_nothing_behind(gone_on: bool) -> None:
    limits, seats = Fairness[int](), Seats(2)
    flow = seats.flow("a")
    limits.wait(flow, 1, 0.0)
    if gone_on:
        assert limits.turn(0.0)
    limits.withdraw(flow, 1)
    assert (limits.waiting, seats.free, flow.idle) == (0, 2, True)
    assert limits.turn(0.0) == []


def test_flows_are_forgotten_when_there_are_many() -> None:
    limits, seats = Fairness[int](), Seats(10)
    held = seats.flow("held")
    limits.enter(held, 0.0)
    for number in range(fairness.MOST_FLOWS * 3):
        seats.flow(f"passing-{number}")
    assert seats.flow("held") is held


asking = st.tuples(st.sampled_from("abcd"), st.floats(0.00001, 0.02))


@given(st.lists(asking | st.none(), max_size=300), st.integers(1, 6))
def test_whatever_comes_all_are_answered_and_every_seat_is_given_back(
    events: list[tuple[str, float] | None], seats: int
) -> None:
    """No starvation, no leak, and as long as somebody may go on a turn lets somebody go on."""
    loop = Loop(seats)
    asked: Counter[str] = Counter()
    for event in events:
        if event is None:
            loop.turn()
        else:
            asked[event[0]] += 1
            loop.ask(*event)
        assert 0 <= loop.seats.free <= seats
    for _ in range(len(events)):
        if loop.fairness.due:
            assert loop.turn()
    assert loop.served + loop.refused == asked
    assert loop.fairness.waiting == 0
    assert loop.seats.free == seats


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.integers(1, 12))
def test_a_seat_is_refused_only_to_who_holds_as_many_as_are_free(who: list[str], seats: int) -> None:
    limits, pool = Fairness[int](), Seats(seats)
    for identity in who:
        flow = pool.flow(identity)
        held, free = flow.held, pool.free
        assert limits.enter(flow, 0.0) is (held < free)
    assert pool.free == seats - sum(pool.flow(identity).held for identity in set(who))
