"""Who goes next when more is asked than one event loop does at once. Pure: time comes in, who may go comes out.

Two things are shared out. The loop's own time, by start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996): a flow's
tag is the time it has used, and of those that wait the one with the lowest tag is next. And seats, for requests that
hold something while they await: a flow may hold as many as are still free (the dynamic thresholds of Choudhury and
Hahne, 1998), so one alone gets half of them and a newcomer always finds some.
"""

import heapq
from itertools import count
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")

BURST: Final = 0.010
"""Seconds of work that may begin within one turn of the loop while nobody else is about."""
SLICE: Final = 0.0005
"""The same when somebody is: a turn is what a request waits that has just come."""
ALONE: Final = 1.0
"""Seconds without a request of anybody else after which nobody is about."""
AT_ONCE: Final = 16
"""Waiting requests that go on in one turn while nobody else is about; otherwise it is one."""
MOST_WAITING: Final = 200
"""Requests of one flow that wait to be served."""
LONGEST_WAIT: Final = 10.0
"""Seconds that they wait."""
PAUSE: Final = 1.0
"""Seconds that a refused request waits for its refusal, which costs as much as many an answer: who asks again at once
would not be slowed down by it."""
MOST_FLOWS: Final = 4_096
"""Flows that are remembered; beyond, those that are idle are forgotten."""
REFUSAL: Final = 0.00005
"""Seconds that the loop works to say no, about."""
_LEAST: Final = 0.000005
"""Seconds that each request counts from the start, so that it is everybody's turn at some time."""


class Flow:
    """One identity's requests for one kind of seat."""

    __slots__ = ("held", "identity", "queued", "refused", "seats", "tag", "waiting")

    def __init__(self, identity: str, seats: "Seats") -> None:
        self.identity = identity
        self.seats = seats
        self.tag = 0.0
        self.held = 0
        self.waiting: dict[object, float] = {}
        """Tickets by when they came, oldest first."""
        self.refused: dict[object, float] = {}
        """Those that go on to be told so."""
        self.queued = False
        """Whether it stands in line."""

    @property
    def idle(self) -> bool:
        return not (self.held or self.waiting or self.refused)


class Seats:
    """What may be in flight of one kind of request, `free` of them at this moment. Each flow may have `most_waiting`
    requests that wait."""

    __slots__ = ("_flows", "blocked", "free", "most_waiting")

    def __init__(self, free: float, most_waiting: float = MOST_WAITING) -> None:
        self.free = free
        self.most_waiting = most_waiting
        self.blocked: list[Flow] = []
        """Flows that wait for one."""
        self._flows: dict[str, Flow] = {}

    def flow(self, identity: str) -> Flow:
        found = self._flows.get(identity)
        if found is None:
            if len(self._flows) >= MOST_FLOWS:
                self._flows = {name: flow for name, flow in self._flows.items() if not flow.idle}
            found = self._flows[identity] = Flow(identity, self)
        return found


class Going(NamedTuple, Generic[T]):
    """A ticket whose wait is over. `retry_after` in seconds when it is refused."""

    ticket: T
    retry_after: float | None = None


class Fairness(Generic[T]):
    """`T` is whatever stands for a request that waits."""

    def __init__(self) -> None:
        self._line: list[tuple[float, int, Flow]] = []
        """A heap: each queued flow once, by the tag it had."""
        self._order = count()
        self._waiting = 0
        self._virtual = 0.0
        """The tag of whoever was let in last."""
        self._spent = 0.0
        """Seconds used in this turn."""
        self._last = ""
        self._shared_until = 0.0

    @property
    def waiting(self) -> int:
        return self._waiting

    @property
    def due(self) -> bool:
        """Whether another turn would let somebody go on."""
        return bool(self._line)

    def enter(self, flow: Flow, now: float) -> bool:
        """Take a seat at once, if it is this flow's turn; otherwise the request has to `wait`."""
        if flow.identity != self._last:
            if self._last:
                self._shared_until = now + ALONE
            self._last = flow.identity
        seats, tag = flow.seats, flow.tag
        if (
            flow.waiting
            or flow.held >= seats.free
            or self._spent >= (SLICE if now < self._shared_until else BURST)
            or (self._waiting and tag > self._virtual + SLICE)
        ):
            return False
        if tag < self._virtual:
            tag = self._virtual
        elif not self._waiting:
            self._virtual = tag
        flow.tag = tag + _LEAST
        flow.held += 1
        seats.free -= 1
        return True

    def wait(self, flow: Flow, ticket: T, now: float) -> None:
        """Stand in line: to be served, or to be refused where too many stand there already."""
        line = flow.waiting if len(flow.waiting) < flow.seats.most_waiting else flow.refused
        line[ticket] = now
        self._waiting += 1
        flow.tag = max(flow.tag, self._virtual)
        self._queue(flow)

    def withdraw(self, flow: Flow, ticket: T) -> None:
        """The request is given up, whether it waits or was told to go on."""
        for line in (flow.waiting, flow.refused):
            if line.pop(ticket, None) is not None:
                self._waiting -= 1
                return
        self.leave(flow)

    def spend(self, flow: Flow, seconds: float) -> None:
        """The loop worked so long for a request of this flow."""
        flow.tag += seconds
        self._spent += seconds

    def count(self, flow: Flow, seconds: float) -> None:
        """A thread did."""
        flow.tag += seconds

    def spent_up(self, now: float) -> bool:
        """Whether this turn has lasted long enough."""
        return self._spent >= (SLICE if now < self._shared_until else BURST)

    def shared(self, now: float) -> bool:
        """Whether somebody else is about. May be asked from any thread."""
        return now < self._shared_until

    def last(self, flow: Flow) -> None:
        """Take a seat without a turn."""
        flow.held += 1
        flow.seats.free -= 1

    def leave(self, flow: Flow) -> bool:
        """A request is done, and its seat free. Answers whether somebody waited for it."""
        flow.held -= 1
        flow.seats.free += 1
        if not flow.seats.blocked:
            return False
        self._unblock(flow.seats)
        return True

    def turn(self, now: float) -> list[Going[T]]:
        """The loop has come round: who goes on now."""
        self._spent = 0.0
        most = 1 if now < self._shared_until else AT_ONCE
        going: list[Going[T]] = []
        while len(going) < most and (one := self._next(now)) is not None:
            going.append(one)
        return going

    def look(self, seats: Seats) -> None:
        """Let those who wait for a seat stand in line again, since some have waited too long. To be called at times."""
        self._unblock(seats)

    def _next(self, now: float) -> Going[T] | None:
        while self._line:
            tag, _, flow = self._line[0]
            if flow.tag > tag:
                heapq.heapreplace(self._line, (flow.tag, next(self._order), flow))
                continue
            going: Going[T] | None = self._of(flow, now)
            if going is None or not (flow.waiting or flow.refused):
                heapq.heappop(self._line)
                flow.queued = False
            if going is not None:
                self._waiting -= 1
                return going
            if flow.waiting:
                flow.seats.blocked.append(flow)
        return None

    def _of(self, flow: Flow, now: float) -> Going[T] | None:
        """The next of a flow, None when there is none or no seat for it."""
        self._virtual = max(self._virtual, flow.tag)
        if flow.refused and (not flow.waiting or now - next(iter(flow.refused.values())) >= PAUSE):
            return self._refuse(flow, flow.refused, now)
        if not flow.waiting:
            return None
        ticket, since = next(iter(flow.waiting.items()))
        if now - since > LONGEST_WAIT:
            return self._refuse(flow, flow.waiting, now)
        if flow.held >= flow.seats.free:
            return None
        del flow.waiting[ticket]
        self._seat(flow)
        return Going(ticket)  # type: ignore[arg-type]

    def _refuse(self, flow: Flow, line: dict[object, float], now: float) -> Going[T]:
        """What the first in line has waited is what one who comes now would have to."""
        oldest = min([*list(line.values())[:1], *list(flow.waiting.values())[:1]])
        ticket = next(iter(line))
        del line[ticket]
        flow.tag += REFUSAL
        return Going(ticket, now - oldest)  # type: ignore[arg-type]

    def _seat(self, flow: Flow) -> None:
        flow.tag = max(flow.tag, self._virtual) + _LEAST
        flow.held += 1
        flow.seats.free -= 1

    def _queue(self, flow: Flow) -> None:
        if not flow.queued and flow not in flow.seats.blocked:
            flow.queued = True
            heapq.heappush(self._line, (flow.tag, next(self._order), flow))

    def _unblock(self, seats: Seats) -> None:
        blocked, seats.blocked = seats.blocked, []
        for flow in blocked:
            self._queue(flow)
