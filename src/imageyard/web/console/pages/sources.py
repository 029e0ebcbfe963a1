"""The list of registry sources: which answer, which do not and why."""

from dataclasses import dataclass
from typing import Final, Literal, cast

from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.store import Query
from imageyard.web.console import commands, listing, rows
from imageyard.web.console.commands import Commands
from imageyard.web.console.listing import Asked, Shown
from imageyard.web.console.room import Room
from imageyard.web.console.rows import SourceRow
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/sources"
FILTERS: Final = ("namespace", "q", "verdict", "sort", "desc")
VERDICTS: Final = ("success", "failed", "untested")


@dataclass(frozen=True, slots=True)
class SourcesPage:
    rows: tuple[SourceRow, ...]
    asked: Asked
    shown: Shown
    verdicts: tuple[str, ...]
    filtered: bool
    commands: tuple[Commands, ...]
    live: str
    may_add: bool
    bulk: tuple[str, ...]
    """What the reader may do to several of these rows."""
    done: str


@dataclass(frozen=True, slots=True)
class RowPage:
    row: SourceRow
    picks: bool


async def page(room: Room, visit: Visit) -> Reply:
    asked = listing.asked(PATH, visit.query, FILTERS)
    known = await visit.namespaces()
    namespaces = visit.may.scope(REGISTRY_SECRET, asked["namespace"], known)
    number = listing.page_number(visit.query)
    found = await visit.doors.objects.list(visit.actor, REGISTRY_SECRET, _query(asked, namespaces, number))
    shown = tuple(rows.source(REGISTRY_SECRET.decode(stored.body), visit) for stored in found.items)
    at = listing.shown(asked, number, len(shown), found.total)
    filtered = bool(asked["q"] or asked["verdict"])
    live = f"registrysecrets {asked['namespace']}"
    context = SourcesPage(
        shown,
        asked,
        at,
        VERDICTS,
        filtered,
        _commands(visit, asked),
        live,
        may_add=bool(visit.may.create_in(REGISTRY_SECRET, known)) or visit.may("create", REGISTRY_SECRET, ""),
        bulk=_bulk(shown),
        done=visit.query.text("done"),
    )
    return await room.templates.page(visit, "sources.html", context, place="sources", namespace=asked["namespace"])


async def row(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """One row anew, after it changed."""
    stored = await visit.doors.objects.get(visit.actor, REGISTRY_SECRET, namespace, name)
    context = RowPage(rows.source(REGISTRY_SECRET.decode(stored.body), visit), visit.query.text("picks") == "1")
    return room.templates.block(visit, "_source_row.html", "row", context)


def _bulk(shown: tuple[SourceRow, ...]) -> tuple[str, ...]:
    allowed = {"verify": any(row.may_verify for row in shown), "delete": any(row.may_delete for row in shown)}
    return tuple(action for action, may in allowed.items() if may)


def _query(asked: Asked, namespaces: frozenset[str] | None, number: int) -> Query:
    sort = "createTime" if asked["sort"] == "createTime" else "name"
    return Query(
        namespaces=namespaces,
        search=asked["q"],
        status=asked["verdict"] if asked["verdict"] in VERDICTS else None,
        sort_by=cast(Literal["name", "createTime"], sort),
        ascending=asked["desc"] != "1",
        offset=(number - 1) * listing.SIZE,
        limit=listing.SIZE,
    )


def _commands(visit: Visit, asked: Asked) -> tuple[Commands, ...]:
    reversed_ = "false" if asked["desc"] == "1" else ""
    parameters = {"search": asked["q"], "sortBy": asked["sort"], "ascending": reversed_, "limit": "100"}
    return (
        Commands(
            visit.words.gettext("List these registry sources"),
            commands.rest(visit.origin, "GET", REGISTRY_SECRET, asked["namespace"], query=parameters),
            commands.kubectl("get", REGISTRY_SECRET.plural, namespace=asked["namespace"]),
        ),
    )
