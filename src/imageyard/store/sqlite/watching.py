"""One watch: the log first, then live, without a gap or a repetition, with bookmarks between."""

import asyncio
from collections import deque

from imageyard.domain.objects import Key
from imageyard.store import Change, Changes
from imageyard.store.broadcast import Broadcast, Subscription
from imageyard.store.sqlite import log
from imageyard.store.sqlite.log import Scope
from imageyard.store.sqlite.readers import Readers


class Watching(Changes):
    """Iterates over changes after `since` (None: after now). `bookmark_every` in seconds; None for no bookmarks."""

    def __init__(
        self,
        scope: Scope,
        since: int | None,
        subscription: Subscription,
        broadcast: Broadcast,
        readers: Readers,
        bookmark_every: float | None,
    ) -> None:
        self._scope = scope
        self._subscription = subscription
        self._broadcast = broadcast
        self._readers = readers
        self._told = broadcast.head if since is None else since
        """Everything up to this resourceVersion was handed out, or is not wanted."""
        self._until = broadcast.head
        """What the log has to tell ends here; the subscription begins behind it."""
        self._live = self._told == self._until
        self._missed: deque[Change] = deque()
        self._bookmark_every = bookmark_every
        self._bookmark_at: float | None = None

    async def __anext__(self) -> Change:
        while not self._live or self._missed:
            if self._missed:
                return self._tell(self._missed.popleft())
            await self._catch_up()
        while True:
            if self._bookmark_due():
                return self._bookmark()
            if (change := self.at_hand()) is not None:
                return change
            if self._subscription.ended:
                raise StopAsyncIteration
            await self._subscription.moved(self._patience())

    def at_hand(self) -> Change | None:
        if not self._live or self._missed:
            return None
        while (change := self._subscription.take()) is not None:
            if change.resource_version > self._told:
                return self._tell(change)
        return None

    async def _catch_up(self) -> None:
        changes, complete = await self._readers.in_thread(
            lambda connection: log.read(connection, self._scope, self._told, self._until)
        )
        self._missed.extend(changes)
        self._live = complete

    def _tell(self, change: Change) -> Change:
        self._told = change.resource_version
        return change

    def _bookmark_due(self) -> bool:
        if self._bookmark_every is None:
            return False
        if self._bookmark_at is None:
            return self._subscription.empty
        return asyncio.get_running_loop().time() >= self._bookmark_at

    def _bookmark(self) -> Change:
        """Tell how far the watch is. What waits to be read is not behind it yet."""
        if self._subscription.empty:
            self._told = max(self._told, self._broadcast.head)
        self._bookmark_at = asyncio.get_running_loop().time() + (self._bookmark_every or 0)
        return Change("BOOKMARK", self._told, Key(self._scope.resource, self._scope.namespace or "", ""), "", b"")

    def _patience(self) -> float | None:
        """Seconds until the next bookmark."""
        if self._bookmark_at is None:
            return None
        return max(0.0, self._bookmark_at - asyncio.get_running_loop().time())
