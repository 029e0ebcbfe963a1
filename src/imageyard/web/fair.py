"""Requests take turns: the ASGI side of `fairness`, which decides.

An identity is a user; for who is nobody yet, an address. A request that has to wait costs a future, and its connection
is not read meanwhile: that is what slows a flood down.
"""

import asyncio
import math
from random import uniform
from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from imageyard.domain import peers
from imageyard.domain.access import MASTERS
from imageyard.domain.errors import Failure, TooManyRequests
from imageyard.domain.text import Text
from imageyard.metrics import Metrics
from imageyard.web import exchange
from imageyard.web.exchange import SAFE_METHODS, Exchange
from imageyard.web.fairness import REFUSAL, Fairness, Flow, Seats
from imageyard.web.limits import Limits
from imageyard.web.seat import Rest, Seat

DESKS: Final = 2
"""Long pieces of work at once: threads take the interpreter from the loop and from each other. One identity has one."""
_LOOK: Final = 1.0
"""Seconds between looks for those that have waited too long for a seat."""
_WATCH_RETRY: Final = 30


class Fair:
    """Reads and writes have seats apart, system:masters as many again for either. Probes are never refused, but take
    turns too."""

    def __init__(self, app: ASGIApp, limits: Limits, probes: frozenset[str], metrics: Metrics) -> None:
        self._app = app
        self._reads, self._writes = Seats(limits.reads), Seats(limits.writes)
        self._masters = Seats(limits.reads + limits.writes)
        self._watches, self._watches_per_user = Seats(limits.watches), limits.watches_per_user
        self._desks = Seats(DESKS)
        self._pause = limits.pause
        self._strangers, self._probes = Seats(math.inf), Seats(math.inf, math.inf)
        self._probe_paths = probes
        self._refused = metrics.requests_refused
        self.fairness: Fairness[asyncio.Future[float | None]] = Fairness()
        metrics.longrunning.labels("watch").set_function(lambda: limits.watches - self._watches.free)
        self._turning = False
        self._looking: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged, fairness = exchange.of(scope), self.fairness
        flow, begun = self._flow(exchanged), perf_counter()
        if not self._turning:
            self._turn_later()
        if not fairness.enter(flow, begun):
            await self._wait(flow)
            begun = perf_counter()
        exchanged.seat = seat = Seat(self, flow)
        steps = self._app(scope, receive, send).__await__()
        try:
            # Most requests are one step; what awaits anything goes on below.
            waited_for = next(steps)
        except StopIteration:
            fairness.spend(flow, perf_counter() - begun)
        except BaseException:
            fairness.spend(flow, perf_counter() - begun)
            raise
        else:
            fairness.spend(flow, perf_counter() - begun)
            await Rest(steps, waited_for, self, seat)
        finally:
            seat.leave()

    async def refuse(self, exchanged: Exchange, failure: Failure) -> None:
        """Wait for the turn of somebody who is to hear that he may not come in: that costs the loop its time too.
        Who is told to come back later hears it later, or would ask on at once and at no cost."""
        if isinstance(failure, TooManyRequests):
            # Not all at the same moment, or those who asked together would come back together.
            await asyncio.sleep(self._pause * uniform(1, 2))  # noqa: S311 # nosec B311 # no secret
        seats = self._probes if exchanged.path in self._probe_paths else self._strangers
        flow = seats.flow(peers.network(exchanged.address))
        seat = await self._seat(flow)
        self.fairness.spend(flow, REFUSAL)
        seat.leave()

    def _flow(self, exchanged: Exchange) -> Flow:
        actor = exchanged.actor
        if not actor.groups:
            seats = self._probes if exchanged.path in self._probe_paths else self._strangers
            return seats.flow(peers.network(exchanged.address))
        if MASTERS in actor.groups:
            return self._masters.flow(actor.user)
        return (self._reads if exchanged.method in SAFE_METHODS else self._writes).flow(actor.user)

    def crowded(self, now: float) -> bool:
        if not self.fairness.spent_up(now):
            return False
        if not self._turning:
            self._turn_later()
        return True

    def lasting(self, flow: Flow) -> Flow:
        wanted = self._watches.flow(flow.identity)
        most = self._watches_per_user if flow.seats is not self._masters else math.inf
        if wanted.held >= most or self._watches.free < 1:
            self._refused.inc()
            raise _too_many_watches()
        self.fairness.last(wanted)
        return wanted

    async def desk(self, identity: str) -> Seat:
        return await self._seat(self._desks.flow(identity))

    async def _seat(self, flow: Flow) -> Seat:
        if not self._turning:
            self._turn_later()
        if not self.fairness.enter(flow, perf_counter()):
            await self._wait(flow)
        return Seat(self, flow)

    async def _wait(self, flow: Flow) -> None:
        loop = asyncio.get_running_loop()
        ticket = loop.create_future()
        self.fairness.wait(flow, ticket, perf_counter())
        if self._looking is None:
            self._looking = loop.call_later(_LOOK, self._look)
        try:
            refused = await ticket
        except asyncio.CancelledError:
            self.fairness.withdraw(flow, ticket)
            raise
        if refused is not None:
            self._refused.inc()
            raise _too_many(refused)

    def _turn_later(self) -> None:
        self._turning = True
        asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        for going in self.fairness.turn(perf_counter()):
            if not going.ticket.done():
                going.ticket.set_result(going.retry_after)
        self.freed()

    def freed(self) -> None:
        if self.fairness.due and not self._turning:
            # Comes behind those that were just told: the next turn knows what they took.
            self._turn_later()

    def _look(self) -> None:
        self._looking = None
        for seats in (self._reads, self._writes, self._masters, self._desks):
            self.fairness.look(seats)
        self.freed()
        if self.fairness.waiting:
            self._looking = asyncio.get_running_loop().call_later(_LOOK, self._look)


def _too_many_watches() -> TooManyRequests:
    """One ends when its time is up or its reader leaves: nobody knows when."""
    return TooManyRequests(
        Text(
            "同时打开的监视（watch）过多，请先关闭一些再重试",
            "too many watches are open at once; close some before you try again",
        ),
        _WATCH_RETRY,
    )


def _too_many(seconds: float) -> TooManyRequests:
    wait = max(1, math.ceil(seconds))
    return TooManyRequests(
        Text(
            f"您的请求过多，请在 {wait} 秒后重试，并减少同时发出的请求",
            f"too many of your requests wait; try again in {wait} seconds, with fewer of them at once",
        ),
        wait,
    )
