"""Keys that wait for their host's turn. It holds keys, never events: a key is queued once, runs once at a time, and
what happens while it runs becomes one more look at most. Pure; the engine asks and acts.

Hosts take turns (round-robin), so a long queue of one never delays another. Within a host the urgent come first,
then the longest overdue.
"""

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import Key
from imageyard.sync.plan import Trigger


@dataclass(slots=True)
class Entry:
    """One key that waits. `image` is what was read when it was queued; None means that it has to be read again."""

    key: Key
    host: str
    due: datetime
    urgent: bool = False
    """A person waits for it: before everything scheduled."""
    forced: bool = False
    """To be tried although the host's breaker is open."""
    woken: Trigger | None = None
    image: Repository | None = None
    since: float = 0.0
    """Monotonic seconds when it was queued, for the metric."""

    def order(self) -> tuple[bool, datetime]:
        return (not self.urgent, self.due)


class Queue:
    """`add` -> `take` -> `finish`."""

    def __init__(self) -> None:
        self._waiting: dict[Key, Entry] = {}
        self._heaps: dict[str, list[tuple[tuple[bool, datetime], int, Entry]]] = {}
        self._turns: OrderedDict[str, None] = OrderedDict()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._numbers = count()
        self._depths: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, key: Key) -> bool:
        return key in self._waiting or key in self._running

    def depth(self, resource: str) -> int:
        """How many keys of a kind wait."""
        return self._depths[resource]

    @property
    def running(self) -> int:
        return len(self._running)

    def is_running(self, key: Key) -> bool:
        return key in self._running

    def add(self, entry: Entry) -> bool:
        """Queue a key; False when it was queued or running already and the two became one."""
        if entry.key in self._running:
            self._again.add(entry.key)
            return False
        held = self._waiting.get(entry.key)
        if held is None:
            self._depths[entry.key.resource] += 1
        else:
            entry = _merge(held, entry)
        self._waiting[entry.key] = entry
        heap = self._heaps.setdefault(entry.host, [])
        heapq.heappush(heap, (entry.order(), next(self._numbers), entry))
        self._turns.setdefault(entry.host)
        return held is None

    def touch(self, key: Key) -> bool:
        """The object has changed: have it read again. False when the key is neither waiting nor running."""
        if key in self._running:
            self._again.add(key)
            return True
        entry = self._waiting.get(key)
        if entry is not None:
            entry.image = None
        return entry is not None

    def take(self, admits: Callable[[Entry], bool]) -> Entry | None:
        """The next key whose host admits it; None when no host does. A host that refuses is not asked again
        before `unblock`. The key then counts as running."""
        while self._turns:
            host, _ = self._turns.popitem(last=False)
            entry = self._first(host)
            if entry is None or not admits(entry):
                continue
            heapq.heappop(self._heaps[host])
            self._leave(entry.key)
            self._running.add(entry.key)
            self.unblock(host)
            return entry
        return None

    def _first(self, host: str) -> Entry | None:
        heap = self._heaps.get(host, [])
        while heap and self._waiting.get(heap[0][2].key) is not heap[0][2]:
            heapq.heappop(heap)
        if not heap:
            self._heaps.pop(host, None)
            return None
        return heap[0][2]

    def unblock(self, host: str) -> None:
        """Something about the host has changed: let it take its turn again."""
        if host in self._heaps:
            self._turns.setdefault(host)

    def finish(self, key: Key) -> bool:
        """The run has ended; True when the key has to be looked at once more."""
        self._running.discard(key)
        again = key in self._again
        self._again.discard(key)
        return again

    def discard(self, key: Key) -> None:
        """The object is gone."""
        self._leave(key)
        self._again.discard(key)

    def _leave(self, key: Key) -> None:
        if self._waiting.pop(key, None) is not None:
            self._depths[key.resource] -= 1


def _merge(old: Entry, new: Entry) -> Entry:
    return Entry(
        key=new.key,
        host=new.host,
        due=min(old.due, new.due),
        urgent=old.urgent or new.urgent,
        forced=old.forced or new.forced,
        woken=new.woken or old.woken,
        image=new.image,
        since=old.since,
    )
