"""A connection test that somebody watches: its steps one by one, then what came of it.

Nothing is answered before the first step has ended or the test was refused, so a refusal is answered as any other.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Final

from imageyard.registry import Probe, Step, Told

Test = Callable[[Told], Awaitable[Probe]]

_END: Final = None


class Trial:
    """`steps` has to be read to its end, or closed: the test ends with whoever watches it."""

    def __init__(self, test: Test) -> None:
        self._steps: asyncio.Queue[Step | None] = asyncio.Queue()
        self._task = asyncio.ensure_future(test(self._steps.put_nowait))
        self._task.add_done_callback(lambda _: self._steps.put_nowait(_END))
        self._first: Step | None = _END

    async def begin(self) -> None:
        """Wait until there is something to tell. Raises what the test raises before its first step."""
        try:
            self._first = await self._steps.get()
        except asyncio.CancelledError:
            self._task.cancel()
            raise
        if self._first is _END:
            self._task.result()

    async def steps(self) -> AsyncGenerator[Step, None]:
        """Each step as it ends, also those of a test that somebody else had begun."""
        told = 0
        try:
            step = self._first
            while step is not _END:
                told += 1
                yield step
                step = await self._steps.get()
            for late in self._task.result().steps[told:]:
                yield late
        finally:
            self._task.cancel()

    def probe(self) -> Probe:
        """What came of it, after its last step. Raises what the test raised."""
        return self._task.result()
