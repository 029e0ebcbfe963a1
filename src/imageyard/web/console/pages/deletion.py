"""Delete one object: first a page that tells what goes with it and wants the name typed, then the deed."""

from dataclasses import dataclass, field
from typing import Any, Final

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.service.removal import Removal
from imageyard.store import Query
from imageyard.web import reply
from imageyard.web.console import forms, rows
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

MOST_USERS: Final = 20


@dataclass(frozen=True, slots=True)
class DeletionPage:
    kind: str
    namespace: str
    name: str
    uid: str
    """Only this very object is deleted, not another of its name that came meanwhile."""
    href: str
    action: str
    mistyped: bool
    users: tuple[rows.ImageRow, ...] = field(default=())
    """Images that use a source and will fail without it."""
    users_total: int = 0
    elsewhere: int = 0
    """Images beyond those that the reader may see; how many use a source is told to whoever may read it."""


async def image(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _ask(room, visit, REPOSITORY, namespace, name)


async def source(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _ask(room, visit, REGISTRY_SECRET, namespace, name)


async def delete_image(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _delete(room, visit, REPOSITORY, namespace, name)


async def delete_source(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _delete(room, visit, REGISTRY_SECRET, namespace, name)


async def _ask(
    room: Room, visit: Visit, kind: Kind[Any], namespace: str, name: str, *, mistyped: bool = False
) -> Reply:
    visit.doors.objects.rights.demand(visit.actor, "delete", kind, namespace, name)
    stored = await visit.doors.objects.get(visit.actor, kind, namespace, name)
    users, total = await _users(visit, kind, namespace, name)
    href = (rows.image_href if kind is REPOSITORY else rows.source_href)(namespace, name)
    used = kind.decode(stored.body).status.used_by if kind is REGISTRY_SECRET else 0
    elsewhere = max(0, used - total)
    context = DeletionPage(
        kind.singular, namespace, name, stored.uid, href, f"{href}/delete", mistyped, users, total, elsewhere
    )
    place = "images" if kind is REPOSITORY else "sources"
    return await room.templates.page(visit, "deletion.html", context, place=place, namespace=namespace)


async def _delete(room: Room, visit: Visit, kind: Kind[Any], namespace: str, name: str) -> Reply:
    form = await forms.read(visit.exchange)
    if form.text("confirmed") != name:
        return await _ask(room, visit, kind, namespace, name, mistyped=True)
    await visit.doors.objects.delete(visit.actor, kind, namespace, name, Removal(uid=form.text("uid")))
    back = "/console/images" if kind is REPOSITORY else "/console/sources"
    return reply.see_other(f"{back}?done=delete")


async def _users(visit: Visit, kind: Kind[Any], namespace: str, name: str) -> tuple[tuple[rows.ImageRow, ...], int]:
    scope = visit.may.scope(REPOSITORY, "", await visit.namespaces())
    if kind is not REGISTRY_SECRET or (scope is not None and not scope):
        return (), 0
    query = Query(namespaces=scope, reference=f"{namespace}/{name}", offset=0, limit=MOST_USERS)
    page = await visit.doors.objects.list(visit.actor, REPOSITORY, query)
    return tuple(rows.image(REPOSITORY.decode(stored.body), visit) for stored in page.items), page.total
