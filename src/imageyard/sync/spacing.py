"""Requests of people in a row: the first is obeyed at once, those that follow it become one more run. Pure."""

from collections import OrderedDict
from typing import Final

from imageyard.domain.objects import Key

APART: Final = 3.0
"""Seconds between the starts of two runs of one key that somebody asked for. A registry that answers within
milliseconds would otherwise be asked once for nearly every request."""


class Spacing:
    def __init__(self) -> None:
        self._started: OrderedDict[Key, float] = OrderedDict()

    def start(self, key: Key, at: float) -> None:
        """A run that somebody asked for began at the monotonic time `at`."""
        self._started[key] = at
        self._started.move_to_end(key)
        while at - next(iter(self._started.values())) > APART:
            self._started.popitem(last=False)

    def left(self, key: Key, now: float) -> float:
        """Seconds until the next one may begin, 0 when it may at once."""
        return max(self._started.get(key, now - APART) + APART - now, 0.0)
