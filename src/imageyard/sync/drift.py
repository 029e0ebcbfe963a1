"""Whether somebody set the wall clock: it then moved otherwise than the seconds that passed."""

from datetime import timedelta
from typing import Final

from imageyard.domain.clock import Clock

NOTICED: Final = timedelta(seconds=1)
"""A clock that is slewed moves less than this between two looks."""


class Drift:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._offset = self._measured()

    def step(self) -> timedelta:
        """How far the clock was set since the last call, zero when it was not."""
        before, self._offset = self._offset, self._measured()
        step = self._offset - before
        return step if abs(step) > NOTICED else timedelta(0)

    def _measured(self) -> timedelta:
        return (self._clock.now() - self._began) - timedelta(seconds=self._clock.monotonic())
