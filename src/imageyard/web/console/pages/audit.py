"""The audit trail: who did what, newest first, and the same as a file."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imageyard.domain.audit import OUTCOMES, Filter
from imageyard.service.audit import Audit, Query
from imageyard.web import hygiene
from imageyard.web.admin import door as admin
from imageyard.web.console import commands, deeds, listing
from imageyard.web.console.commands import Commands
from imageyard.web.console.deeds import Deed
from imageyard.web.console.listing import Asked
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Headers, Reply, Stream

PATH: Final = "/console/audit"
FILTERS: Final = ("user", "verb", "resource", "namespace", "outcome", "since", "begun")
HOURS: Final[Mapping[str, int]] = {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}
VERBS: Final = ("create", "update", "patch", "delete", "deletecollection", "get", "list")
RESOURCES: Final = (
    "repositories",
    "repositories/sync",
    "registrysecrets",
    "registrysecrets/verify",
    "accesstokens",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "namespaces",
    "keys",
)
SIZE: Final = 40
EXPORTED: Final = 50_000
"""Records of a file."""
CHUNK: Final = 1_000
_FILE: Final[Headers] = (
    (b"content-type", b"application/x-ndjson"),
    (b"content-disposition", b'attachment; filename="imageyard-audit.jsonl"'),
    *hygiene.DATA,
)


@dataclass(frozen=True, slots=True)
class AuditPage:
    deeds: tuple[Deed, ...]
    asked: Asked
    older: str
    """Where the page goes on, "" at the end of the trail."""
    newest: str
    """Where it begins, "" there."""
    export: str
    filtered: bool
    commands: tuple[Commands, ...]
    outcomes: tuple[str, ...] = OUTCOMES
    spans: tuple[str, ...] = tuple(HOURS)
    verbs: tuple[str, ...] = VERBS
    resources: tuple[str, ...] = RESOURCES


async def page(room: Room, visit: Visit) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "get", admin.AUDIT)
    asked = listing.asked(PATH, visit.query, FILTERS)
    place = visit.query.text("continue")
    found = await visit.doors.audit.read(Query(_filter(visit, asked), SIZE, place))
    further = {"continue": found.continuation}
    context = AuditPage(
        tuple(deeds.read(line) for line in found.items),
        asked,
        asked.href(**further) if found.continuation else "",
        asked.href() if place else "",
        Asked(f"{PATH}/export", asked.parameters).href(),
        any(asked[name] for name in FILTERS),
        _commands(visit, asked),
    )
    return await room.templates.page(visit, "audit.html", context, place="audit")


async def export(room: Room, visit: Visit) -> Stream:
    """The same records, one JSON document a line."""
    visit.doors.objects.rights.demand_path(visit.actor, "get", admin.AUDIT)
    wanted = _filter(visit, listing.asked(PATH, visit.query, FILTERS))
    return Stream(200, _FILE, _lines(visit.doors.audit, wanted))


async def _lines(audit: Audit, wanted: Filter) -> AsyncGenerator[bytes, None]:
    """At most EXPORTED records, read piece by piece; each piece looks through a bounded part of the trail."""
    place, left, pieces = "", EXPORTED, EXPORTED // CHUNK
    while left > 0 and pieces > 0:
        found = await audit.read(Query(wanted, min(CHUNK, left), place))
        if found.items:
            yield b"".join(line + b"\n" for line in found.items)
        place, left, pieces = found.continuation, left - len(found.items), pieces - 1
        if not place:
            return


def _filter(visit: Visit, asked: Asked) -> Filter:
    """What is no outcome and no span of time asks for nothing. Requests that are only begun are left out, unless they
    are asked for."""
    hours = HOURS.get(asked["since"])
    return Filter(
        asked["user"],
        asked["verb"],
        asked["resource"],
        asked["namespace"],
        asked["outcome"] if asked["outcome"] in OUTCOMES else "",
        "" if asked["begun"] else "ResponseComplete",
        visit.now - timedelta(hours=hours) if hours else None,
    )


def _commands(visit: Visit, asked: Asked) -> tuple[Commands, ...]:
    query = {name: asked[name] for name in ("user", "verb", "resource", "namespace", "outcome")}
    return (
        Commands(
            visit.words.gettext("Read the trail"),
            commands.curl(visit.origin, "GET", admin.AUDIT, query={"limit": "100", **query}),
        ),
    )
