"""The list of images: searched, filtered, sorted, page by page."""

from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from imageyard.domain import selector
from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Page, Query
from imageyard.web.console import commands, listing, rows
from imageyard.web.console.commands import Commands
from imageyard.web.console.listing import Asked, Shown
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/images"
FILTERS: Final = ("namespace", "q", "status", "source", "label", "sort", "desc")
STATES: Final = ("synced", "failed", "stale", "pending", "syncing")
MOST_FAILING: Final = 2_000
"""Failing images among which stale ones are looked for."""
_SORTS: Final = ("name", "createTime", "lastSynced", "status")


@dataclass(frozen=True, slots=True)
class ImagesPage:
    rows: tuple[ImageRow, ...]
    asked: Asked
    shown: Shown
    states: tuple[str, ...]
    filtered: bool
    commands: tuple[Commands, ...]
    live: str


@dataclass(frozen=True, slots=True)
class RowPage:
    row: ImageRow


async def page(room: Room, visit: Visit) -> Reply:
    asked = listing.asked(PATH, visit.query, FILTERS)
    namespaces = visit.may.scope(REPOSITORY, asked["namespace"], await visit.namespaces())
    number = listing.page_number(visit.query)
    found = await _found(visit, _query(asked, namespaces, number), stale=asked["status"] == "stale")
    shown = tuple(rows.image(REPOSITORY.decode(stored.body), visit) for stored in found.items)
    filtered = any(asked[name] for name in ("q", "status", "source", "label"))
    at = listing.shown(asked, number, len(shown), found.total, counted=filtered)
    context = ImagesPage(
        shown, asked, at, STATES, filtered, _commands(visit, asked), f"repositories {asked['namespace']}"
    )
    return await room.templates.page(visit, "images.html", context, place="images", namespace=asked["namespace"])


async def row(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """One row anew, after it changed."""
    stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    context = RowPage(rows.image(REPOSITORY.decode(stored.body), visit))
    return room.templates.block(visit, "_image_row.html", "row", context)


def _query(asked: Asked, namespaces: frozenset[str] | None, number: int) -> Query:
    """Raises BadRequest for a label selector that is none."""
    sort = asked["sort"] if asked["sort"] in _SORTS else "name"
    return Query(
        namespaces=namespaces,
        search=asked["q"],
        status=rows.STATUS_OF.get(asked["status"]),
        reference=asked["source"] or None,
        labels=selector.parse_labels(asked["label"]) if asked["label"] else None,
        sort_by=cast(Literal["name", "createTime", "lastSynced", "status"], sort),
        ascending=asked["desc"] != "1",
        offset=(number - 1) * listing.SIZE,
        limit=listing.SIZE,
        most_counted=listing.MOST_COUNTED,
    )


async def _found(visit: Visit, query: Query, *, stale: bool) -> Page:
    if not stale:
        return await visit.doors.objects.list(visit.actor, REPOSITORY, query)
    every = replace(query, failing=True, offset=0, limit=MOST_FAILING)
    page = await visit.doors.objects.list(visit.actor, REPOSITORY, every)
    old = [stored for stored in page.items if rows.is_stale(REPOSITORY.decode(stored.body), visit.now)]
    first = query.offset or 0
    return page._replace(items=old[first : first + listing.SIZE], total=len(old))


def _commands(visit: Visit, asked: Asked) -> tuple[Commands, ...]:
    status = rows.STATUS_OF.get(asked["status"], "")
    reversed_ = "false" if asked["desc"] == "1" else ""
    parameters = {"name": asked["q"], "status": status, "sortBy": asked["sort"], "ascending": reversed_, "limit": "100"}
    fields = ["--field-selector", f"status.syncStatus={status}"] if status else []
    labels = ["-l", asked["label"]] if asked["label"] else []
    return (
        Commands(
            visit.words.gettext("List these images"),
            commands.rest(
                visit.origin,
                "GET",
                REPOSITORY,
                asked["namespace"],
                query={**parameters, "labelSelector": asked["label"]},
            ),
            commands.kubectl("get", REPOSITORY.plural, *fields, *labels, namespace=asked["namespace"]),
        ),
    )
