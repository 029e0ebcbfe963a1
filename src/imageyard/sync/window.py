"""Which keys are due soon: the near part of the store's due index, in memory. Pure."""

import heapq
from datetime import datetime

from imageyard.domain.objects import Key


class Window:
    """Keys and the moment each is due; a key has one moment, the last one given."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, Key]] = []
        self._due: dict[Key, datetime] = {}

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: Key) -> bool:
        return key in self._due

    def put(self, key: Key, at: datetime) -> None:
        """Note or move a key."""
        if self._due.get(key) != at:
            self._due[key] = at
            heapq.heappush(self._heap, (at, key))

    def discard(self, key: Key) -> None:
        self._due.pop(key, None)

    def next(self) -> datetime | None:
        """When the first key is due."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop(self, now: datetime) -> list[tuple[Key, datetime]]:
        """Take out what is due, longest overdue first."""
        taken = []
        while (at := self.next()) is not None and at <= now:
            _, key = heapq.heappop(self._heap)
            del self._due[key]
            taken.append((key, at))
        return taken
