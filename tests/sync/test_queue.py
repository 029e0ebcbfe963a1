"""The queue's promises: a key once, never twice at once, hosts in turn, the urgent and the longest overdue first."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from imageyard.domain.objects import Key
from imageyard.sync.queue import Entry, Queue

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(name: str, host: str = "h", age: int = 0, *, urgent: bool = False) -> Entry:
    return Entry(Key("repositories", "default", name), host, NOW - timedelta(seconds=age), urgent=urgent)


def anybody(waiting: Entry) -> bool:
    return True


def drained(queue: Queue, admits: Callable[[Entry], bool] = anybody) -> list[str]:
    taken = []
    while (next_one := queue.take(admits)) is not None:
        taken.append(next_one.key.name)
    return taken


def test_a_key_is_queued_once() -> None:
    queue = Queue()
    assert [queue.add(entry("a")) for _ in range(1000)] == [True, *[False] * 999]
    assert drained(queue) == ["a"]


def test_the_depth_of_a_kind_counts_its_waiting_keys() -> None:
    queue = Queue()
    for name in ("a", "b", "a"):
        queue.add(entry(name))
    queue.add(Entry(Key("registrysecrets", "default", "a"), "other", NOW))
    assert (queue.depth("repositories"), queue.depth("registrysecrets")) == (2, 1)
    queue.discard(Key("repositories", "default", "b"))
    queue.discard(Key("repositories", "default", "never there"))
    drained(queue)
    assert (queue.depth("repositories"), queue.depth("registrysecrets")) == (0, 0)


def test_what_happens_while_a_key_runs_becomes_one_more_look() -> None:
    queue = Queue()
    queue.add(entry("a"))
    queue.take(anybody)
    for _ in range(1000):
        queue.add(entry("a"))
    assert drained(queue) == []
    assert queue.finish(entry("a").key)
    queue.add(entry("a"))
    queue.take(anybody)
    assert not queue.finish(entry("a").key)


def test_hosts_take_turns() -> None:
    queue = Queue()
    for number in range(3):
        queue.add(entry(f"a{number}", "a"))
    queue.add(entry("b0", "b"))
    queue.add(entry("c0", "c"))
    assert drained(queue) == ["a0", "b0", "c0", "a1", "a2"]


def test_within_a_host_the_urgent_come_first_then_the_longest_overdue() -> None:
    queue = Queue()
    for waiting in (entry("new", age=1), entry("old", age=9), entry("mid", age=5), entry("asked", urgent=True)):
        queue.add(waiting)
    assert drained(queue) == ["asked", "old", "mid", "new"]


def test_a_request_moves_a_waiting_key_to_the_front() -> None:
    queue = Queue()
    queue.add(entry("old", age=9))
    queue.add(entry("new", age=1))
    queue.add(entry("new", age=1, urgent=True))
    assert drained(queue) == ["new", "old"]


def test_a_host_that_refuses_is_asked_again_only_when_unblocked() -> None:
    queue, asked = Queue(), []

    def refuse(waiting: Entry) -> bool:
        asked.append(waiting.host)
        return False

    queue.add(entry("a", "a"))
    assert queue.take(refuse) is None
    assert queue.take(refuse) is None
    assert asked == ["a"]
    queue.unblock("a")
    assert drained(queue) == ["a"]


def test_a_key_may_change_its_host_while_it_waits() -> None:
    queue = Queue()
    queue.add(entry("a", "old"))
    queue.add(entry("a", "new"))
    taken = queue.take(anybody)
    assert taken is not None
    assert taken.host == "new"
    assert queue.take(anybody) is None


def test_what_is_gone_is_not_taken() -> None:
    queue = Queue()
    queue.add(entry("a"))
    queue.discard(entry("a").key)
    assert (len(queue), drained(queue)) == (0, [])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=60))
def test_every_host_is_served_within_one_round(waiting: list[tuple[str, int]]) -> None:
    queue = Queue()
    for number, (host, age) in enumerate(waiting):
        queue.add(entry(f"{host}{number}", host, age))
    left = {host: sum(1 for other, _ in waiting if other == host) for host, _ in waiting}
    order = drained(queue)
    while order:
        round_of = [name[0] for name in order[: len(left)]]
        assert sorted(round_of) == sorted(left)
        order = order[len(left) :]
        left = {host: count - 1 for host, count in left.items() if count > 1}


class QueueMachine(RuleBasedStateMachine):
    """Whatever is done in whatever order, nothing is lost and nothing runs twice at once."""

    names = st.sampled_from(["a", "b", "c", "d"])

    def __init__(self) -> None:
        super().__init__()
        self.queue = Queue()
        self.wanted: set[str] = set()
        self.running: set[str] = set()

    @rule(name=names, host=st.sampled_from("xy"), urgent=st.booleans())
    def add(self, name: str, host: str, urgent: bool) -> None:
        self.queue.add(entry(name, host, urgent=urgent))
        self.wanted.add(name)

    @rule()
    def take(self) -> None:
        taken = self.queue.take(anybody)
        if taken is None:
            assert self.wanted <= self.running
        else:
            assert taken.key.name not in self.running
            self.running.add(taken.key.name)
            self.wanted.discard(taken.key.name)

    @rule(name=names)
    def finish(self, name: str) -> None:
        if name in self.running:
            self.running.discard(name)
            if self.queue.finish(entry(name).key):
                self.queue.add(entry(name))
            else:
                assert name not in self.wanted

    @rule(name=names)
    def discard(self, name: str) -> None:
        self.queue.discard(entry(name).key)
        self.wanted.discard(name)

    @invariant()
    def counts_agree(self) -> None:
        assert self.queue.running == len(self.running)
        assert len(self.queue) == len(self.wanted - self.running)


TestQueueMachine = QueueMachine.TestCase
