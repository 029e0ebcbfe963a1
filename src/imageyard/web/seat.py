"""A request's seat while it is served, and the time the loop spends on it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from contextlib import asynccontextmanager
from time import perf_counter, sleep
from typing import Any, Final, Protocol, TypeVar

from imageyard.web.fairness import Fairness, Flow

T = TypeVar("T")

SPELL: Final = 0.0003
"""Seconds that work in a thread goes on without a pause."""
PAUSE: Final = 0.0006


class Desks(Protocol):
    """Where seats come from."""

    fairness: Fairness[Any]

    def crowded(self, now: float) -> bool:
        """Whether the rest of this turn is for others; there will be another."""

    def lasting(self, flow: Flow) -> Flow:
        """The same caller's seat for what goes on for ever. Raises TooManyRequests."""

    async def desk(self, identity: str) -> "Seat":
        """In its turn, a seat for what takes long. Raises TooManyRequests."""

    def freed(self) -> None:
        """A seat is free that somebody waits for."""


class Seat:
    """Held from admission to the answer's end; who goes on for ever leaves it when that becomes clear."""

    __slots__ = ("_desks", "flow", "left")

    def __init__(self, desks: Desks, flow: Flow) -> None:
        self._desks = desks
        self.flow = flow
        self.left = False

    def leave(self) -> None:
        """Give the seat back; once is enough."""
        if not self.left:
            self.left = True
            if self._desks.fairness.leave(self.flow):
                self._desks.freed()

    def last(self) -> None:
        """Go on for ever, on another kind of seat. Raises TooManyRequests."""
        lasting = self._desks.lasting(self.flow)
        self.leave()
        self.flow, self.left = lasting, False

    @asynccontextmanager
    async def at_desk(self) -> AsyncIterator[None]:
        """For what takes long, in threads: few of these at once, and of an identity one. Raises TooManyRequests."""
        seat = await self._desks.desk(self.flow.identity)
        begun = perf_counter()
        try:
            yield
        finally:
            self._desks.fairness.count(seat.flow, perf_counter() - begun)
            seat.leave()

    def unhurried(self, things: Iterable[T]) -> Iterator[T]:
        """For work in a thread: one by one, and with pauses while anybody else is about. A thread that works on and on
        has the loop wait for the interpreter at each of its callbacks, of which a request needs several."""
        begun = perf_counter()
        for thing in things:
            yield thing
            if perf_counter() - begun > SPELL:
                if self._desks.fairness.shared(perf_counter()):
                    sleep(PAUSE)
                begun = perf_counter()

    async def at_length(self, work: Callable[[], T]) -> T:
        """Run this in a thread. Raises TooManyRequests, and what the work raises."""
        async with self.at_desk():
            return await asyncio.to_thread(work)


class Rest:
    """What is left to await of something whose first step was made. Each step counts; one that finds the turn used up
    waits for another."""

    __slots__ = ("_desks", "_seat", "_steps", "_waited_for")

    def __init__(self, steps: Generator[Any, Any, None], waited_for: object, desks: Desks, seat: Seat) -> None:
        self._steps = steps
        self._waited_for = waited_for
        self._desks = desks
        self._seat = seat

    def __await__(self) -> Generator[Any, Any, None]:
        step: Callable[[Any], Any]
        given: Any
        while True:
            try:
                given, step = (yield self._waited_for), self._steps.send
                while self._desks.crowded(begun := perf_counter()):
                    yield
            except GeneratorExit:
                self._steps.close()
                raise
            except BaseException as thrown:
                given, step, begun = thrown, self._steps.throw, perf_counter()
            try:
                self._waited_for = step(given)
            except StopIteration:
                return
            finally:
                self._desks.fairness.spend(self._seat.flow, perf_counter() - begun)
