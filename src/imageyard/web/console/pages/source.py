"""One registry source: does it answer, who uses it, what happened; and test it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from imageyard.domain.audit import RESULT
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import Condition
from imageyard.store import Query
from imageyard.web import reply
from imageyard.web.console import commands, documents, happened, histories, rows, tested
from imageyard.web.console.commands import Commands
from imageyard.web.console.happened import EventRow
from imageyard.web.console.histories import VerifyRow
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow, SourceRow
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Reply

TABS: Final = ("overview", "verifications", "images", "events", "yaml", "commands")
MOST_IMAGES: Final = 100
_GRANT: Final = {"spec": {"allowedNamespaces": ["team-a"]}}


@dataclass(frozen=True, slots=True)
class SourcePage:
    row: SourceRow
    found: RegistrySecret
    tab: str
    tabs: tuple[str, ...]
    verifications: tuple[VerifyRow, ...]
    images: tuple[ImageRow, ...] | None
    """The images that use it, None for who may not list them."""
    images_total: int
    events: tuple[EventRow, ...] | None
    conditions: tuple[tuple[Condition, Said], ...]
    yaml: str
    commands: tuple[Commands, ...]
    may_edit: bool
    may_delete: bool
    namespaces: Sequence[str]
    done: str
    live: str


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    stored = await visit.doors.objects.get(visit.actor, REGISTRY_SECRET, namespace, name)
    found: RegistrySecret = REGISTRY_SECRET.decode(stored.body)
    tab = visit.query.text("tab") if visit.query.text("tab") in TABS else TABS[0]
    lines = await visit.doors.objects.history(visit.actor, REGISTRY_SECRET, namespace, name)
    images, total = await _images(visit, namespace, name)
    context = SourcePage(
        row=rows.source(found, visit),
        found=found,
        tab=tab,
        tabs=TABS,
        verifications=histories.verifications(lines, visit),
        images=images,
        images_total=total,
        events=await happened.about(visit, namespace, stored.uid),
        conditions=tuple((each, visit.said(each.reason, each.message)) for each in found.status.conditions),
        yaml=documents.as_yaml(stored.body) if tab == "yaml" else "",
        commands=_commands(visit, namespace, name),
        may_edit=visit.may.edit(namespace, name),
        namespaces=await visit.namespaces(),
        may_delete=visit.may.delete(REGISTRY_SECRET, namespace, name),
        done=visit.query.text("done"),
        live=f"registrysecrets {namespace} {name}",
    )
    return await room.templates.page(visit, "source.html", context, place="sources", namespace=namespace)


async def verify(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """Test the stored credential now. htmx gets the steps; a browser alone goes back to the page, which has them."""
    probe = await visit.doors.verifier.by_request(visit.actor, namespace, name, {})
    visit.exchange.told[RESULT] = probe.reason
    if visit.enhanced:
        return room.templates.block(visit, tested.TEMPLATE, "tested", tested.of(probe, visit))
    return reply.see_other(f"{rows.source_href(namespace, name)}?tab=verifications&done=verify")


async def _images(visit: Visit, namespace: str, name: str) -> tuple[tuple[ImageRow, ...] | None, int]:
    scope = visit.may.scope(REPOSITORY, "", await visit.namespaces())
    if scope is not None and not scope:
        return None, 0
    query = Query(namespaces=scope, reference=f"{namespace}/{name}", offset=0, limit=MOST_IMAGES)
    page = await visit.doors.objects.list(visit.actor, REPOSITORY, query)
    return tuple(rows.image(REPOSITORY.decode(stored.body), visit) for stored in page.items), page.total


def _commands(visit: Visit, namespace: str, name: str) -> tuple[Commands, ...]:
    words, kind, origin = visit.words, REGISTRY_SECRET, visit.origin
    below = f"/{name}"
    return (
        Commands(
            words.gettext("Read it"),
            commands.rest(origin, "GET", kind, namespace, below),
            commands.kubectl("get", kind.singular, name, "-o", "yaml", namespace=namespace),
        ),
        Commands(
            words.gettext("Test the connection"),
            commands.rest(origin, "POST", kind, namespace, f"{below}/verify", body={}),
        ),
        Commands(
            words.gettext("See past connection tests"),
            commands.rest(origin, "GET", kind, namespace, f"{below}/history"),
            commands.kubectl("describe", kind.singular, name, namespace=namespace),
        ),
        Commands(
            words.gettext("Let namespaces use it"),
            commands.rest(origin, "PATCH", kind, namespace, below, body=_GRANT),
            commands.patch(kind, namespace, name, _GRANT),
        ),
        Commands(
            words.gettext("Delete it"),
            commands.rest(origin, "DELETE", kind, namespace, below),
            commands.kubectl("delete", kind.singular, name, namespace=namespace),
        ),
    )
