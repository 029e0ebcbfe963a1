"""So many of something per user and minute. Memory is bounded: who asked longest ago is forgotten first."""

import math
from collections import OrderedDict, deque
from typing import Final

_USERS: Final = 10_000
_WINDOW: Final = 60.0


class Allowance:
    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, user: str, now: float) -> int | None:
        """Take one at the monotonic time `now`. None when there was one left, else the seconds until there is."""
        times = self._taken.setdefault(user, deque())
        self._taken.move_to_end(user)
        if len(self._taken) > _USERS:
            self._taken.popitem(last=False)
        while times and times[0] <= now - _WINDOW:
            times.popleft()
        if len(times) >= self._most:
            return max(1, math.ceil(times[0] + _WINDOW - now))
        times.append(now)
        return None
