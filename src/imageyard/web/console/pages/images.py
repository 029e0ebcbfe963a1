"""The list of images: searched, filtered, sorted, page by page."""

from dataclasses import dataclass, replace
from typing import Final, Literal, cast

from imageyard.domain import selector
from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Page, Query
from imageyard.web.console import choices, commands, exports, listing, rows, several
from imageyard.web.console.commands import Commands
from imageyard.web.console.forms import Form
from imageyard.web.console.listing import Asked, Shown
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply, Stream

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
    may_add: bool
    bulk: tuple[str, ...]
    """Actions that the reader may do to some of these rows."""
    all_at_once: bool
    """Whether one action may be for all that were found."""
    most_exported: int
    done: str
    done_count: int


@dataclass(frozen=True, slots=True)
class RowPage:
    row: ImageRow
    picks: bool


async def page(room: Room, visit: Visit) -> Reply | Stream:
    asked = listing.asked(PATH, visit.query, FILTERS)
    namespaces = visit.may.scope(REPOSITORY, asked["namespace"], await visit.namespaces())
    number = listing.page_number(visit.query)
    if visit.query.text("format") in exports.FORMATS:
        return await _exported(visit, asked, namespaces)
    found = await _found(visit, _query(asked, namespaces, number), stale=asked["status"] == "stale")
    shown = tuple(rows.image(REPOSITORY.decode(stored.body), visit) for stored in found.items)
    filtered = any(asked[name] for name in ("q", "status", "source", "label"))
    at = listing.shown(asked, number, len(shown), found.total, counted=filtered)
    bulk, adds = _bulk(shown), await choices.namespaces(visit)
    context = ImagesPage(
        shown,
        asked,
        at,
        STATES,
        filtered,
        _commands(visit, asked),
        f"repositories {asked['namespace']}",
        may_add=adds.new or bool(adds.names),
        bulk=bulk,
        all_at_once=bool(bulk) and len(shown) < found.total <= several.MOST,
        most_exported=exports.MOST,
        done=visit.query.text("done"),
        done_count=listing.number(visit.query.text("count")),
    )
    return await room.templates.page(visit, "images.html", context, place="images", namespace=asked["namespace"])


async def row(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """One row anew, after it changed."""
    stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    context = RowPage(rows.image(REPOSITORY.decode(stored.body), visit), visit.query.text("picks") == "1")
    return room.templates.block(visit, "_image_row.html", "row", context)


async def matching(visit: Visit, form: Form, most: int) -> Page:
    """The first of all that a list with these filters finds. Raises as the list does."""
    asked = listing.asked(PATH, form, FILTERS)
    namespaces = visit.may.scope(REPOSITORY, asked["namespace"], await visit.namespaces())
    query = replace(_query(asked, namespaces, 1), limit=most)
    return await _found(visit, query, stale=asked["status"] == "stale")


async def _exported(visit: Visit, asked: Asked, namespaces: frozenset[str] | None) -> Stream:
    """What the list shows with its filters, as a file."""
    query, stale = _query(asked, namespaces, 1), asked["status"] == "stale"
    first = await _found(visit, replace(query, limit=MOST_FAILING), stale=True) if stale else None
    return await exports.stream(visit, query, visit.query.text("format"), first)


def _bulk(shown: tuple[ImageRow, ...]) -> tuple[str, ...]:
    allowed = {
        "sync": any(row.may_sync for row in shown),
        "suspend": any(row.may_change for row in shown),
        "resume": any(row.may_change for row in shown),
        "change": any(row.may_change for row in shown),
        "delete": any(row.may_delete for row in shown),
    }
    return tuple(action for action, may in allowed.items() if may)


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
    return page._replace(items=old[first : first + (query.limit or MOST_FAILING)], total=len(old), continuation="")


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
