"""Records what happened as Events: best effort, beside the writes it tells of, never in their way.

A bounded queue takes what happened; one task writes it in batches at a bounded pace, so that a burst of work costs
its events no more than a known part of the machine. What does not fit is lost, and nothing else.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from datetime import datetime
from typing import Final, NamedTuple

import structlog
from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Failure
from imageyard.domain.event_reasons import EventReason, explain
from imageyard.domain.kinds import EVENT, event
from imageyard.domain.kinds.event import Event, EventSource
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.text import Language
from imageyard.service.happenings import Happening
from imageyard.store import Query, Store

log = structlog.get_logger()

COMPONENT: Final = "imageyard"
MOST: Final = 50_000
MOST_OF_ONE: Final = 25
"""Of one object."""
MOST_WAITING: Final = 10_000
GATHERED: Final = 0.25
"""Seconds from the first of a batch until it is written."""
BATCH: Final = 64
"""With GATHERED, at most 256 events a second: some 5 % of a processor."""
SWEPT: Final = 30.0
"""Seconds between two sweeps."""
SWEEP: Final = 250
"""Events deleted at once."""
LONGEST_NAME: Final = 253

Record = Callable[[Iterable[Happening]], None]
Entered = Callable[[str], AbstractAsyncContextManager[None]]
"""Holds a namespace open while something is put into it; raises when it is not there or is being deleted."""


def unrecorded(happened: Iterable[Happening]) -> None:
    """A Record for who wants no events."""


class Recorder:
    def __init__(
        self, store: Store, clock: Clock, *, language: Language, entered: Entered, uid: Callable[[], str]
    ) -> None:
        self._store = store
        self._clock = clock
        self._language: Language = language
        self._entered = entered
        self._uid = uid
        self._waiting: deque[Happening] = deque()
        self._some = asyncio.Event()
        self._lost = 0
        self._stamp = 0

    def record(self, happened: Iterable[Happening]) -> None:
        """Take it to be written soon. Never raises, never waits."""
        try:
            for one in happened:
                if len(self._waiting) < MOST_WAITING:
                    self._waiting.append(one)
                else:
                    self._lost += 1
        except Exception:
            log.exception("event_not_recorded")
        if self._waiting:
            self._some.set()

    async def run(self) -> None:
        """Write and sweep until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write_all(), name="events-write")
            tasks.create_task(self._sweep_all(), name="events-sweep")

    async def flush(self) -> None:
        """Write one batch of what waits."""
        batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        async with AsyncExitStack() as namespaces:
            open_ = set()
            for namespace in dict.fromkeys(one.about.namespace for one in batch):
                with suppress(Failure):
                    await namespaces.enter_async_context(self._entered(namespace))
                    open_.add(namespace)
            await self._write([one for one in batch if one.about.namespace in open_])

    async def sweep(self) -> None:
        """Delete what has been kept for long enough, and of too many the oldest."""
        while await self._delete_due(self._clock.now(), SWEEP) == SWEEP:
            await self._clock.sleep(GATHERED)
        await self._make_room(0)

    async def _write_all(self) -> None:
        while True:
            await self._some.wait()
            await self._clock.sleep(GATHERED)
            await self._attempt(self.flush)
            if not self._waiting:
                self._some.clear()

    async def _sweep_all(self) -> None:
        while True:
            await self._clock.sleep(SWEPT)
            await self._attempt(self.sweep)
            if self._lost:
                log.warning("events_lost", count=self._lost)
                self._lost = 0

    async def _attempt(self, work: Callable[[], Awaitable[None]]) -> None:
        """Whatever goes wrong with events goes wrong with them alone."""
        try:
            await work()
        except Failure:
            log.warning("events_not_written")
        except Exception:
            log.exception("events_not_written")

    async def _write(self, batch: Sequence[Happening]) -> None:
        now, folded = objects.seconds(self._clock.now()), Folded([], [], [])
        for uid, happened in _by_object(batch).items():
            held = await self._held(uid, happened)
            folded = Folded(*map(list.__add__, folded, fold(held, happened, now, self._language)))
        await self._make_room(len(folded.new))
        async with asyncio.TaskGroup() as tasks:
            for new in folded.new:
                tasks.create_task(self._alone(self._store.create(EVENT, self._named(new))))
            for raised in folded.raised:
                tasks.create_task(self._alone(self._store.replace(EVENT, raised)))
            for old in folded.old:
                tasks.create_task(self._delete(old.metadata.namespace, old.metadata.name))

    async def _held(self, uid: str, happened: Sequence[Happening]) -> list[Event]:
        """The events there are of an object. Of a new one there are none."""
        if happened[0].reason is EventReason.Created:
            return []
        page = await self._store.list(EVENT, Query(reference=uid))
        return [EVENT.decode(stored.body) for stored in page.items]

    def _named(self, new: Event) -> Event:
        """With the name of its object and a moment, as Kubernetes names events."""
        self._stamp = max(self._stamp + 1, int(self._clock.now().timestamp() * 1_000_000) * 1_000)
        about, suffix = new.involved_object, f".{self._stamp:x}"
        name = about.name[: LONGEST_NAME - len(suffix)].rstrip("-.") + suffix
        meta = replace(new.metadata, name=name, uid=self._uid())
        return replace(new, metadata=meta)

    async def _make_room(self, wanted: int) -> None:
        over = await self._store.count(EVENT, Query()) + wanted - MOST
        if over > 0:
            await self._delete_due(self._clock.now() + event.LONGEST_REPEATED + 2 * event.KEPT, over)

    async def _delete_due(self, until: datetime, most: int) -> int:
        due = await self._store.due(EVENT, until, most)
        async with asyncio.TaskGroup() as tasks:
            for one in due:
                tasks.create_task(self._delete(one.key.namespace, one.key.name))
        return len(due)

    async def _delete(self, namespace: str, name: str) -> None:
        await self._alone(self._store.delete(EVENT, namespace, name))

    async def _alone(self, write: Awaitable[object]) -> None:
        """Lost, when it cannot be written; the others of its batch are not."""
        with suppress(Failure):
            await write


class Folded(NamedTuple):
    """What becomes of the events of an object: to be made, to be written again, to be deleted."""

    new: list[Event]
    raised: list[Event]
    old: list[Event]


def fold(held: Sequence[Event], happened: Sequence[Happening], now: datetime, language: Language) -> Folded:
    """A repeat raises the count of the event there is of it. Of more events than are kept, the oldest go."""
    known = {_identity(one): one for one in held if _is_own(one) and (event.expires(one) or now) > now}
    touched: dict[tuple[str, str, str], Event] = {}
    for each in happened:
        one = _of(each, now, language)
        identity = _identity(one)
        before = touched.get(identity) or known.get(identity)
        touched[identity] = one if before is None else replace(before, count=before.count + 1, last_timestamp=now)
    others = [one for one in held if _identity(one) not in touched]
    others.sort(key=lambda one: event.last_seen(one) or now)
    old = others[: max(0, len(others) + len(touched) - MOST_OF_ONE)]
    new = [one for one in touched.values() if not one.metadata.name]
    raised = [one for one in touched.values() if one.metadata.name]
    return Folded(new[max(0, len(touched) - MOST_OF_ONE) :], raised, old)


def _of(one: Happening, now: datetime, language: Language) -> Event:
    """Its name and uid are still to be given."""
    return Event(
        api_version=EVENT.api_version,
        kind=EVENT.name,
        metadata=ObjectMeta(namespace=one.about.namespace, creation_timestamp=now),
        involved_object=one.about,
        reason=one.reason,
        message=one.message.speak(language),
        source=EventSource(COMPONENT),
        first_timestamp=now,
        last_timestamp=now,
        count=1,
        type=explain(one.reason).type,
        reporting_component=COMPONENT,
    )


def _identity(one: Event) -> tuple[str, str, str]:
    return one.type, one.reason, one.message


def _is_own(one: Event) -> bool:
    return one.reporting_component == COMPONENT


def _by_object(batch: Iterable[Happening]) -> dict[str, list[Happening]]:
    found: dict[str, list[Happening]] = {}
    for one in batch:
        found.setdefault(one.about.uid, []).append(one)
    return found
