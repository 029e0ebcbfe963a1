"""Roles, and who holds them where."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from imageyard.store import Query
from imageyard.web.console import access_tabs, commands, documents, rules
from imageyard.web.console.access_tabs import Tab
from imageyard.web.console.commands import Commands
from imageyard.web.console.room import Room
from imageyard.web.console.rules import BindingRow, RoleRow
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

MOST: Final = 200
"""Of each kind; how many more there are is told."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class RolesPage:
    tabs: tuple[Tab, ...]
    roles: tuple[RoleRow, ...]
    bindings: tuple[BindingRow, ...]
    namespace: str
    left_out: int
    commands: tuple[Commands, ...]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    kind: str
    namespace: str
    name: str
    yaml: str
    commands: tuple[Commands, ...]
    may_list: bool


async def page(room: Room, visit: Visit) -> Reply:
    """Those of the whole server, and those of the chosen namespace or of all."""
    namespace = visit.query.text("namespace")
    roles, roles_left = await _found(visit, CLUSTER_ROLE, namespace, rules.role)
    own, own_left = await _found(visit, ROLE, namespace, rules.role)
    bindings, bindings_left = await _found(visit, CLUSTER_ROLE_BINDING, namespace, rules.binding)
    own_bindings, own_bindings_left = await _found(visit, ROLE_BINDING, namespace, rules.binding)
    context = RolesPage(
        access_tabs.of(visit.may),
        (*roles, *own),
        (*bindings, *own_bindings),
        namespace,
        roles_left + own_left + bindings_left + own_bindings_left,
        _listed(visit),
    )
    return await room.templates.page(visit, "roles.html", context, place="access", namespace=namespace)


async def cluster_role(room: Room, visit: Visit, name: str) -> Reply:
    return await _document(room, visit, CLUSTER_ROLE, "", name)


async def cluster_binding(room: Room, visit: Visit, name: str) -> Reply:
    return await _document(room, visit, CLUSTER_ROLE_BINDING, "", name)


async def role(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _document(room, visit, ROLE, namespace, name)


async def binding(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    return await _document(room, visit, ROLE_BINDING, namespace, name)


async def _document(room: Room, visit: Visit, kind: Kind[Any], namespace: str, name: str) -> Reply:
    stored = await visit.doors.objects.get(visit.actor, kind, namespace, name)
    below = f"/namespaces/{namespace}" if namespace else ""
    path = f"/apis/{kind.group}/{kind.version}{below}/{kind.plural}/{name}"
    read = Commands(
        visit.words.gettext("Read it"),
        commands.curl(visit.origin, "GET", path),
        commands.kubectl("get", kind.singular, name, "-o", "yaml", namespace=namespace or None),
    )
    listed = any(tab.href == access_tabs.ROLES for tab in access_tabs.of(visit.may))
    context = DocumentPage(kind.name, namespace, name, documents.as_yaml(stored.body), (read,), listed)
    return await room.templates.page(visit, "role.html", context, place="access", namespace=namespace)


async def _found(
    visit: Visit, kind: Kind[Any], namespace: str, row: Callable[[Any], Row]
) -> tuple[tuple[Row, ...], int]:
    """The rows of a kind, and how many more there are. Raises Forbidden."""
    scope = frozenset({namespace}) if namespace and kind.namespaced else None
    page = await visit.doors.objects.list(visit.actor, kind, Query(namespaces=scope, offset=0, limit=MOST))
    return tuple(row(kind.decode(stored.body)) for stored in page.items), page.total - len(page.items)


def _listed(visit: Visit) -> tuple[Commands, ...]:
    path = f"/apis/{ROLE.group}/{ROLE.version}"
    return tuple(
        Commands(
            title,
            commands.curl(visit.origin, "GET", f"{path}/{kind.plural}"),
            commands.kubectl("get", kind.plural, "-o", "wide", namespace="" if kind.namespaced else None),
        )
        for title, kind in (
            (visit.words.gettext("List roles"), CLUSTER_ROLE),
            (visit.words.gettext("List bindings"), ROLE_BINDING),
        )
    )
