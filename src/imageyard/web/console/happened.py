"""Events as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from imageyard.domain import event_reasons
from imageyard.domain.errors import Forbidden, NotFound
from imageyard.domain.event_reasons import EventReason
from imageyard.domain.kinds import EVENT, REGISTRY_SECRET, REPOSITORY, event
from imageyard.domain.kinds.event import WARNING, Event
from imageyard.domain.text import Text
from imageyard.store import Query, Stored
from imageyard.web.console import rows
from imageyard.web.console.visit import Visit

LOOKED_AT: Final = 8
"""Times as many events are read as are shown: some tell the same again."""
_SHOWN: Final = {kind.name: kind for kind in (REPOSITORY, REGISTRY_SECRET)}
_ASKED_FOR: Final = frozenset({EventReason.SyncRequested, EventReason.VerifyRequested})


@dataclass(frozen=True, slots=True)
class EventRow:
    reason: str
    title: str
    """What the reason means, in the reader's language; the reason itself for one that is not ours."""
    message: str
    warning: bool
    count: int
    last_seen: datetime | None
    kind: str
    namespace: str
    name: str
    href: str
    """Where the object is shown, "" for one that is not, or that is gone."""
    compare: str = ""
    """Where an image's content is compared with the one before it, "" where it did not change."""


async def about(visit: Visit, namespace: str, uid: str) -> tuple[EventRow, ...] | None:
    """The events of one object, newest first; None for who may not read events."""
    if not visit.may("list", EVENT, namespace):
        return None
    page = await visit.doors.objects.list(visit.actor, EVENT, Query(namespaces=frozenset({namespace}), reference=uid))
    found = sorted(page.items, key=lambda stored: _seen(EVENT.decode(stored.body)), reverse=True)
    return tuple(read(found, visit))


async def lately(visit: Visit, namespaces: frozenset[str] | None, most: int) -> tuple[EventRow, ...]:
    """What changed or went wrong last; what somebody merely asked for is no news."""
    query = Query(namespaces=namespaces, sort_by="createTime", ascending=False, offset=0, limit=most * LOOKED_AT)
    page = await visit.doors.objects.list(visit.actor, EVENT, query)
    told = folded(row for row in read(page.items, visit) if row.reason not in _ASKED_FOR)
    newest = sorted(told, key=lambda row: row.last_seen or visit.now, reverse=True)[:most]
    return await reachable(newest, visit)


async def reachable(told: Iterable[EventRow], visit: Visit) -> tuple[EventRow, ...]:
    """The same, without links to what is gone meanwhile or out of the reader's sight: events outlive their objects."""
    rows_ = tuple(told)
    named = {row.href: row for row in rows_ if row.href}
    gone = {href for href, row in named.items() if not await _is_there(row, visit)}
    return tuple(replace(row, href="", compare="") if row.href in gone else row for row in rows_)


async def _is_there(row: EventRow, visit: Visit) -> bool:
    try:
        await visit.doors.objects.get(visit.actor, _SHOWN[row.kind], row.namespace, row.name)
    except (NotFound, Forbidden):
        return False
    return True


def folded(rows_: Iterable[EventRow]) -> list[EventRow]:
    """The newest of those that tell the same of the same object, with how often it was told."""
    found: dict[tuple[str, str, str, str], EventRow] = {}
    for row in rows_:
        key = (row.kind, row.namespace, row.name, row.reason)
        newest = found.setdefault(key, row)
        if newest is not row:
            found[key] = replace(newest, count=newest.count + row.count)
    return list(found.values())


def read(found: Iterable[Stored], visit: Visit) -> Iterable[EventRow]:
    return (_row(EVENT.decode(stored.body), visit) for stored in found)


def _row(one: Event, visit: Visit) -> EventRow:
    known = next((each for each in EventReason if each == one.reason), None)
    told = event_reasons.explain(known).text if known else Text(one.reason, one.reason)
    about = one.involved_object
    href = {
        REPOSITORY.name: rows.image_href(about.namespace, about.name),
        REGISTRY_SECRET.name: rows.source_href(about.namespace, about.name),
    }.get(about.kind, "")
    return EventRow(
        one.reason,
        visit.sentence(told),
        "" if one.message in told else one.message,
        one.type == WARNING,
        event.seen(one),
        event.last_seen(one),
        about.kind,
        about.namespace,
        about.name,
        "" if one.reason == EventReason.Deleted else href,
        f"{href}/compare" if one.reason == EventReason.DigestChanged and about.kind == REPOSITORY.name else "",
    )


def _seen(one: Event) -> float:
    seen = event.last_seen(one)
    return seen.timestamp() if seen else 0.0
