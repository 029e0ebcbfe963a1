"""Many moments, one timer: actions to be called when their time has come, and deadlines made of them.

No task per image and no polling. Everything goes through the injected clock, so loops run in virtual time.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Callable
from itertools import count
from types import TracebackType
from typing import Final, Self

from imageyard.domain.clock import Clock

SWEEP_ABOVE: Final = 100


class Moment:
    """One pending action; `cancel` forgets it."""

    __slots__ = ("_forgotten", "action")

    def __init__(self, action: Callable[[], object], forgotten: Callable[[], None]) -> None:
        self.action: Callable[[], object] | None = action
        self._forgotten = forgotten

    def cancel(self) -> None:
        if self.action is not None:
            self.action = None
            self._forgotten()


class Alarm:
    """`run` is the one task that sleeps. Actions are short and do not raise."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Moment]] = []
        self._numbers = count()
        self._earlier = asyncio.Event()
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap)

    def after(self, seconds: float, action: Callable[[], object]) -> Moment:
        """Call `action` in so many seconds."""
        at, moment = self._clock.monotonic() + seconds, Moment(action, self._forget)
        heapq.heappush(self._heap, (at, next(self._numbers), moment))
        if self._heap[0][2] is moment:
            self._earlier.set()
        return moment

    def _forget(self) -> None:
        """Nearly every deadline is cancelled long before its time, so the forgotten are swept out now and then."""
        self._cancelled += 1
        if self._cancelled > SWEEP_ABOVE and self._cancelled > len(self._heap) // 2:
            self._heap = [waiting for waiting in self._heap if waiting[2].action is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0

    async def run(self) -> None:
        while True:
            self._earlier.clear()
            self._ring()
            if self._heap:
                await self._sleep(self._heap[0][0] - self._clock.monotonic())
            else:
                await self._earlier.wait()

    def _ring(self) -> None:
        now = self._clock.monotonic()
        while self._heap and (self._heap[0][0] <= now or self._heap[0][2].action is None):
            moment = heapq.heappop(self._heap)[2]
            action, moment.action = moment.action, None
            if action is not None:
                action()
            else:
                self._cancelled -= 1

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but not beyond a moment that is set meanwhile."""
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        earlier = asyncio.ensure_future(self._earlier.wait())
        try:
            await asyncio.wait({sleeper, earlier}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in (sleeper, earlier):
                waiter.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(sleeper, earlier, return_exceptions=True)


class Deadline:
    """`async with Deadline(alarm, seconds)`: like asyncio.timeout, by the alarm's clock. Raises TimeoutError."""

    def __init__(self, alarm: Alarm, seconds: float) -> None:
        self._alarm = alarm
        self._seconds = seconds
        self._expired = False

    async def __aenter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._moment = self._alarm.after(self._seconds, self._expire)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._moment.cancel()
        # Only our own cancellation becomes a time-out; one from outside goes on.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()
