"""What happened lately in every namespace that the reader may look into, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from imageyard.domain.event_reasons import TABLE, EventReason
from imageyard.domain.kinds import EVENT, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.event import WARNING
from imageyard.domain.selector import FieldSelector
from imageyard.store import Query
from imageyard.web.console import commands, happened, listing
from imageyard.web.console.commands import Commands
from imageyard.web.console.happened import EventRow
from imageyard.web.console.listing import Asked, Shown
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/activity"
FILTERS: Final = ("namespace", "kind", "reason", "object", "warnings")
KINDS: Final = (REPOSITORY.name, REGISTRY_SECRET.name)
Term = tuple[str, Literal["=", "!="], str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A reason to filter by, and what it means."""

    reason: str
    title: str


@dataclass(frozen=True, slots=True)
class ActivityPage:
    rows: tuple[EventRow, ...] | None
    """None for who may read events nowhere."""
    asked: Asked
    shown: Shown
    kinds: tuple[str, ...]
    reasons: tuple[Choice, ...]
    filtered: bool
    commands: tuple[Commands, ...]
    live: str


async def page(room: Room, visit: Visit) -> Reply:
    asked, number = listing.asked(PATH, visit.query, FILTERS), listing.page_number(visit.query)
    namespaces = visit.may.scope(EVENT, asked["namespace"], await visit.namespaces())
    permitted = namespaces is None or bool(namespaces)
    found = await visit.doors.objects.list(visit.actor, EVENT, _query(asked, namespaces, number)) if permitted else None
    rows = await happened.reachable(happened.read(found.items, visit), visit) if found is not None else None
    filtered = any(asked[name] for name in FILTERS[1:])
    total = found.total if found is not None else 0
    context = ActivityPage(
        rows,
        asked,
        listing.shown(asked, number, len(rows or ()), total, counted=filtered),
        KINDS,
        tuple(_reasons(visit, asked["kind"])),
        filtered,
        _commands(visit, asked),
        f"events {asked['namespace']}".strip(),
    )
    return await room.templates.page(visit, "activity.html", context, place="activity", namespace=asked["namespace"])


def _query(asked: Asked, namespaces: frozenset[str] | None, number: int) -> Query:
    """An event that is seen again moves to the front."""
    return Query(
        namespaces=namespaces,
        fields=FieldSelector(tuple(_terms(asked))),
        sort_by="lastSynced",
        ascending=False,
        offset=(number - 1) * listing.SIZE,
        limit=listing.SIZE,
        most_counted=listing.MOST_COUNTED,
    )


def _terms(asked: Asked) -> Iterator[Term]:
    wanted = {"involvedObject.kind": "kind", "reason": "reason", "involvedObject.name": "object"}
    yield from ((path, "=", asked[name]) for path, name in wanted.items() if asked[name])
    if asked["warnings"] == "1":
        yield ("type", "=", WARNING)


def _reasons(visit: Visit, kind: str) -> Iterator[Choice]:
    """Those that a kind can have, all where none is asked for."""
    for reason in EventReason:
        told = TABLE[reason]
        if not kind or kind in told.kinds:
            yield Choice(reason, visit.sentence(told.text))


def _commands(visit: Visit, asked: Asked) -> tuple[Commands, ...]:
    selector = ",".join(f"{path}={value}" for path, _, value in _terms(asked))
    fields = ["--field-selector", selector] if selector else []
    return (
        Commands(
            visit.words.gettext("List these events"),
            commands.events(visit.origin, asked["namespace"], selector),
            commands.kubectl("get", "events", *fields, "--sort-by=.lastTimestamp", namespace=asked["namespace"]),
        ),
    )
