"""One kind's keys as the engine has to see them: those that change (watch) and those that are due (window).

Only keys of the near future are held; the store's due index has the rest.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from imageyard.domain.clock import Clock
from imageyard.domain.errors import Corrupt, Gone
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key
from imageyard.store import Change, Store
from imageyard.sync.alarm import Alarm, Moment
from imageyard.sync.drift import Drift
from imageyard.sync.window import Window

log = structlog.get_logger()

OWN_WRITES_KEPT: Final = 8192
RECONNECT: Final = 1.0
"""Seconds before a watch that broke is opened again."""


class Feed:
    """`run` watches, `refill` reads the due index; both tell keys through the callbacks, which do not raise."""

    def __init__(
        self,
        store: Store,
        kind: Kind[Any],
        clock: Clock,
        alarm: Alarm,
        *,
        span: timedelta,
        limit: int,
        changed: Callable[[Change], None],
        due: Callable[[Key, datetime], None],
        busy: Callable[[Key], bool],
        load: Callable[[], int],
        listed: Callable[[], Awaitable[None]],
        strayed: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._kind = kind
        self._clock = clock
        self._alarm = alarm
        self._span = span
        self._limit = limit
        self._changed = changed
        self._tell_due = due
        self._busy = busy
        self._load = load
        self._listed = listed
        self._strayed = strayed
        self._drift = Drift(clock)
        self._window = Window()
        self._horizon = clock.now()
        self._next: tuple[datetime, Moment] | None = None
        self._cut = False
        """Whether the window holds less than its span, because more is due than its limit."""
        self._wanting = asyncio.Event()
        """The window runs low, or has not been looked at for a while."""
        self._own: set[int] = set()
        self._own_order: deque[int] = deque()
        self.newest_own = 0
        """The newest resourceVersion of our own."""
        self.first_look = asyncio.Event()
        self.watching = False
        """Whether the watch stands now."""

    def __len__(self) -> int:
        return len(self._window)

    @property
    def live(self) -> bool:
        """Whether the watch stands and the first look was taken."""
        return self.first_look.is_set()

    def wrote(self, resource_version: int) -> None:
        """A write of our own, whose event means nothing new."""
        self._own.add(resource_version)
        self.newest_own = max(self.newest_own, resource_version)
        self._own_order.append(resource_version)
        if len(self._own_order) > OWN_WRITES_KEPT:
            self._own.discard(self._own_order.popleft())

    def is_own(self, resource_version: int) -> bool:
        return resource_version in self._own

    def put(self, key: Key, at: datetime | None) -> None:
        """Tell the key again at that moment; what lies beyond the window is left to the store."""
        if at is None or at > self._horizon:
            self._window.discard(key)
            self._look_low()
            return
        self._window.put(key, at)
        self._arm()

    def hold(self, key: Key, at: datetime) -> None:
        """Like `put`, also beyond the window: until then the due index is not followed for this key."""
        self._window.put(key, at)
        self._arm()

    def holds(self, key: Key) -> bool:
        return key in self._window

    def discard(self, key: Key) -> None:
        self._window.discard(key)

    async def run(self) -> None:
        """Watch until the end; after a gap the due index tells what was missed."""
        since: int | None = None
        while True:
            try:
                async with self._watch(since) as changes:
                    if not self.live or since is None:
                        await self._listed()
                        await self.refill()
                        self.first_look.set()
                    async for change in changes:
                        since = change.resource_version
                        if change.type != "BOOKMARK" and since not in self._own:
                            self._changed(change)
            except (Gone, Corrupt):  # a damaged line of the change log would stop every later one
                since = None
            except Exception as problem:
                log.warning("watch_broke", kind=self._kind.plural, problem=type(problem).__name__)
            await self._clock.sleep(RECONNECT)

    @asynccontextmanager
    async def _watch(self, since: int | None) -> AsyncIterator[AsyncIterator[Change]]:
        async with self._store.watch(self._kind, since=since) as changes:
            self.watching = True
            try:
                yield changes
            finally:
                self.watching = False

    async def keep_filled(self) -> None:
        """Read the due index again before the window runs empty. When the clock was set, what is held here is for other
        moments than it was meant for, and what is stored may be for moments that no schedule would choose."""
        was_set = False
        while True:
            self._wanting.clear()
            waited = self._alarm.after(self._span.total_seconds() / 4, self._wanting.set)
            await self._wanting.wait()
            waited.cancel()
            if step := self._drift.step():
                was_set = True
                log.warning("clock_was_set", kind=self._kind.plural, seconds=round(step.total_seconds()))
            try:
                if was_set:
                    self._forget()
                    await self._strayed()
                    was_set = False
                await self.refill()
            except Exception as problem:
                log.warning("due_not_read", kind=self._kind.plural, problem=type(problem).__name__)

    async def refill(self) -> None:
        """Keys that wait elsewhere are due as well, so they must not use up the limit."""
        until, limit = self._clock.now() + self._span, self._limit + self._load()
        rows = await self._store.due(self._kind, until, limit)
        self._cut = len(rows) >= limit
        self._horizon = max(rows[-1].at, self._clock.now()) if self._cut else until
        for key, at in rows:
            if key not in self._window and not self._busy(key):
                self._window.put(key, at)
        self._arm()

    def _forget(self) -> None:
        self._window = Window()
        if self._next is not None:
            self._next[1].cancel()
            self._next = None

    def _arm(self) -> None:
        """One moment is set for the earliest key."""
        at = self._window.next()
        if at is None or (self._next is not None and self._next[0] <= at):
            return
        if self._next is not None:
            self._next[1].cancel()
        delay = max((at - self._clock.now()).total_seconds(), 0.0)
        self._next = (at, self._alarm.after(delay, self._ring))

    def _ring(self) -> None:
        self._next = None
        for key, at in self._window.pop(self._clock.now()):
            self._tell_due(key, at)
        self._arm()
        self._look_low()

    def _look_low(self) -> None:
        """Where more is due than is held, read on before it has run out; who is behind already reads no further."""
        if self._cut and len(self._window) + self._load() < self._limit // 2:
            self._wanting.set()
