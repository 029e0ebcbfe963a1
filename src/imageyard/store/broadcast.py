"""Fan-out of committed changes to watchers: in order, bounded, never waiting for a slow one. One event loop only."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from imageyard.domain.errors import Gone
from imageyard.store import Change

MOST_UNREAD: Final = 1_000
MOST_UNREAD_BYTES: Final = 1024 * 1024


class Subscription:
    """What one watcher has not read yet."""

    def __init__(self, namespace: str | None) -> None:
        self._namespace = namespace
        self._unread: deque[Change] = deque()
        self._bytes = 0
        self._behind = False
        self._closed = False
        self._moved = asyncio.Event()

    def offer(self, changes: Sequence[Change]) -> None:
        """Take in one commit. A watcher that still has too much of the earlier ones is cut.

        What counts is the backlog before this commit: one that reads promptly is never cut by a large commit."""
        mine = [change for change in changes if self._namespace in (None, change.key.namespace)]
        if not mine or self._behind:
            return
        if len(self._unread) > MOST_UNREAD or self._bytes > MOST_UNREAD_BYTES:
            self._behind = True
            self._unread.clear()
            self._bytes = 0
        else:
            self._unread.extend(mine)
            self._bytes += sum(map(_size, mine))
        self._moved.set()

    def close(self) -> None:
        self._closed = True
        self._moved.set()

    @property
    def ended(self) -> bool:
        """Closed, and everything before that was read."""
        return self._closed and not self._unread

    @property
    def empty(self) -> bool:
        return not self._unread

    def take(self) -> Change | None:
        """The next change, None when there is none yet. Raises Gone when the watcher fell too far behind."""
        if self._behind:
            raise Gone
        if not self._unread:
            self._moved.clear()
            return None
        change = self._unread.popleft()
        self._bytes -= _size(change)
        return change

    async def moved(self, patience: float | None) -> bool:
        """Wait until there is something to take or the end; False after `patience` seconds."""
        if self._closed or self._behind or self._unread:
            return True
        try:
            async with asyncio.timeout(patience):
                await self._moved.wait()
        except TimeoutError:
            return False
        return True


def _size(change: Change) -> int:
    return len(change.body) + len(change.managed)


class Broadcast:
    """All watchers of a store. `head` is the newest resourceVersion that was told."""

    def __init__(self, head: int) -> None:
        self.head = head
        self._subscriptions: dict[str, set[Subscription]] = defaultdict(set)

    @contextmanager
    def subscribed(self, resource: str, namespace: str | None) -> Iterator[Subscription]:
        """Every change after the present head reaches the subscription, for as long as the block runs."""
        subscription = Subscription(namespace)
        self._subscriptions[resource].add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions[resource].discard(subscription)

    def tell(self, changes: Sequence[Change], head: int) -> None:
        """Hand on one commit's changes."""
        by_resource: dict[str, list[Change]] = defaultdict(list)
        for change in changes:
            by_resource[change.key.resource].append(change)
        for resource, mine in by_resource.items():
            for subscription in self._subscriptions[resource]:
                subscription.offer(mine)
        self.head = head

    def close(self) -> None:
        """Let every watcher read what it has, and end."""
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()
