"""From keys to the queue: read an image, decide what it needs, give it its place. Keys come from the watch, from the
due index, and from a start after a time without us."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Failure, NotFound
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import AT_ONCE, Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.store import Change, Query, Store
from imageyard.sync import listing, plan, status
from imageyard.sync.feed import Feed
from imageyard.sync.hosts import Hosts
from imageyard.sync.plan import Park, Sync, Trigger, Wait
from imageyard.sync.queue import Entry, Queue
from imageyard.sync.reconcile import Reconciler
from imageyard.sync.sources import Sources
from imageyard.sync.spacing import Spacing

log = structlog.get_logger()

HELD_IMAGES: Final = 2000
"""Objects kept with waiting keys; the rest is read again when its turn comes."""


class Intake:
    """`arrive` takes a key; each of a few `run` tasks looks at one at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        hosts: Hosts,
        sources: Sources,
        queue: Queue,
        reconciler: Reconciler,
        spacing: Spacing,
        language: Language,
        *,
        feed: Callable[[], Feed],
        add: Callable[[Entry], None],
        gone: Callable[[Key], None],
        trouble: Callable[[Key, Exception], datetime],
    ) -> None:
        self._store = store
        self._clock = clock
        self._hosts = hosts
        self._sources = sources
        self._queue = queue
        self._reconciler = reconciler
        self._spacing = spacing
        self._language: Language = language
        self._feed = feed
        self._add = add
        self._gone = gone
        self._trouble = trouble
        self._keys: deque[Key] = deque()
        self._known: dict[Key, Change | None] = {}
        """Keys that wait for a look, with the newest change that the watch showed of them."""
        self._some = asyncio.Event()

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def arrive(self, key: Key, change: Change | None = None) -> None:
        """A key to look at; `change`, where there is one, spares the look reading it again."""
        if key in self._known:
            self._known[key] = change
            return
        self._known[key] = change if len(self._keys) < HELD_IMAGES else None
        self._keys.append(key)
        self._some.set()

    def doubt(self, key: Key) -> None:
        """What is held of a waiting key is no longer so: read it when its turn comes."""
        if key in self._known:
            self._known[key] = None

    async def run(self) -> None:
        while True:
            while self._keys:
                key = self._keys.popleft()
                # From here on a further change is a further look: what is read below may be older than it.
                await self._look(key, self._known.pop(key))
            self._some.clear()
            await self._some.wait()

    async def _look(self, key: Key, change: Change | None) -> None:
        if self._queue.touch(key) and self._queue.is_running(key):
            return
        try:
            await self._place(key, await self._image(key, change))
        except NotFound:
            self._gone(key)
        except Conflict:
            self.arrive(key)
        except Exception as problem:
            self._feed().put(key, self._trouble(key, problem))

    async def _image(self, key: Key, change: Change | None) -> Repository:
        # The watch tells of every later change but our own, so without one of those what it showed is the newest.
        if change is None or change.resource_version < self._feed().newest_own:
            return await self._reconciler.read(key)
        image: Repository = REPOSITORY.decode(change.body)
        return image

    async def _place(self, key: Key, image: Repository) -> None:
        now = self._clock.now()
        if image.status.sync_status == "Syncing":
            if self._queue.touch(key) and self._queue.is_running(key):
                return
            image = await self._reconciler.write(status.handed_back(image, now, self._language))
        match plan.decide(image, now):
            case Wait(until):
                self._feed().put(key, until)
            case Park() as park:
                await self._reconciler.park(image, park)
                self._feed().discard(key)
            case Sync(trigger):
                await self._enqueue(key, image, trigger)

    async def _enqueue(self, key: Key, image: Repository, trigger: Trigger) -> None:
        wait = self._spacing.left(key, self._clock.monotonic()) if trigger == "manual" else 0.0
        if wait > 0:
            self._feed().hold(key, self._clock.now() + timedelta(seconds=wait))
            return
        host = self._sources.host_of(key.namespace, image.spec)
        urgent = trigger in plan.ANNOUNCED
        pause = self._hosts.pause_left(host, self._clock.monotonic())
        if urgent and pause > 0:
            image = await self._tell_waiting(image, self._clock.now() + timedelta(seconds=pause))
        self._feed().discard(key)
        due = AT_ONCE if urgent else image.status.next_sync or AT_ONCE
        held = image if len(self._queue) < HELD_IMAGES else None
        self._add(Entry(key, host, due, urgent=urgent, forced=trigger == "manual", image=held))

    async def _tell_waiting(self, image: Repository, until: datetime) -> Repository:
        waiting = status.waiting(image, until, self._language)
        return image if waiting.status.message == image.status.message else await self._reconciler.write(waiting)

    # After a time without us.

    async def interrupted(self) -> None:
        """What is stored as `Syncing` and does not run was cut off by a crash."""
        await listing.each(self._store, Query(status="Syncing"), lambda key, image: self.arrive(key))

    async def overdue(self, limit: int) -> tuple[list[Key], datetime]:
        """Have what is overdue start in its order, spread over 10 min; `hasten` is for those that cannot wait."""
        start = self._clock.now()
        rows = await self._store.due(REPOSITORY, start, limit)
        keys = [row.key for row in rows if row.at > AT_ONCE]
        for rank, key in enumerate(keys):
            self._feed().hold(key, start + plan.spread(rank, len(keys), plan.LONGEST_SPREAD))
        return keys, start

    async def hasten(self, keys: list[Key], start: datetime) -> None:
        """Bring forward what has an interval shorter than the spread, and what the last stop cut off."""
        feed = self._feed()
        for rank, key in enumerate(keys):
            if not feed.holds(key):
                continue
            try:
                image = await self._reconciler.read(key)
                interval = plan.read(image).interval
            except (Failure, msgspec.ValidationError, plan.InvalidSpec):
                continue
            if feed.holds(key) and image.status.reason == Reason.Interrupted:
                feed.hold(key, start)
            elif feed.holds(key) and interval < plan.LONGEST_SPREAD:
                feed.hold(key, start + plan.spread(rank, len(keys), interval))

    # After the clock was set.

    async def is_ahead(self) -> bool:
        """Whether something was synced at a time that is yet to come: the clock went back while nobody looked."""
        newest = await self._store.list(REPOSITORY, Query(sort_by="lastSynced", ascending=False, limit=1))
        synced = [REPOSITORY.decode(stored.body).status.last_synced for stored in newest.items]
        return any(at is not None and at - self._clock.now() > plan.LEEWAY for at in synced)

    async def bring_back(self) -> None:
        """Have what waits for a date that no schedule can have put it at start within its interval."""
        start, found = self._clock.now(), list[tuple[Key, timedelta]]()

        def look(key: Key, image: Repository) -> None:
            with suppress(plan.InvalidSpec):
                timing = plan.read(image)
                if plan.is_astray(image, timing, start):
                    found.append((key, timing.interval))

        await listing.each(self._store, Query(), look)
        for rank, (key, interval) in enumerate(found):
            self._feed().hold(key, start + plan.spread(rank, len(found), interval))
