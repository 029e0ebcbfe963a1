"""The first page: what fails and why, what changed, how registries fare. Each number leads to what it counts."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from imageyard.domain.kinds import EVENT, REGISTRY_SECRET, REPOSITORY
from imageyard.service.tokens import ADMIN
from imageyard.store import Page, Query, Stored
from imageyard.web import reply
from imageyard.web.admin import door as admin
from imageyard.web.console import charts, commands, happened, rows, troubles
from imageyard.web.console.charts import Health
from imageyard.web.console.commands import Commands
from imageyard.web.console.happened import EventRow
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow, SourceRow
from imageyard.web.console.troubles import Host, Problem
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

MOST_FAILING: Final = 500
"""Failing images that are looked at to tell why; of more the number is told."""
MOST_SOURCES: Final = 200
MOST_CHANGES: Final = 12


Scope = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class ImageTally:
    total: int
    synced: int
    failed: int
    stale: int
    pending: int
    syncing: int
    partly: bool
    """Whether more fail than were looked at, so that more may be stale."""


@dataclass(frozen=True, slots=True)
class SourceTally:
    total: int
    success: int
    failed: int
    untested: int


@dataclass(frozen=True, slots=True)
class FirstSteps:
    """What is done of what a fresh server needs."""

    source: bool
    image: bool
    export: str
    """For operators: the line that makes kubectl use this server's own kubeconfig."""
    offers_token: bool
    """Whether the reader goes by the operator's token, and could have one of their own."""


@dataclass(frozen=True, slots=True)
class OverviewPage:
    images: ImageTally | None
    sources: SourceTally | None
    """None for who may list none."""
    refused: tuple[SourceRow, ...]
    problems: tuple[Problem, ...]
    hosts: tuple[Host, ...]
    changes: tuple[EventRow, ...] | None
    health: Health | None
    first: FirstSteps | None
    """None where there is nothing to begin, or not for the reader."""
    namespace: str
    commands: tuple[Commands, ...]
    live: str


class _Failing(NamedTuple):
    rows: tuple[ImageRow, ...]
    total: int


async def home(room: Room, visit: Visit) -> Reply:
    """To the first page, whose address ends with a slash."""
    return reply.see_other("/console/")


async def page(room: Room, visit: Visit) -> Reply:
    namespace, known = visit.query.text("namespace"), await visit.namespaces()
    images, sources = (visit.may.scope(kind, namespace, known) for kind in (REPOSITORY, REGISTRY_SECRET))
    failing = await _failing(visit, images)
    held = await _sources(visit, sources)
    refused = tuple(row for row in held if row.verdict == "failed")
    told = visit.may.scope(EVENT, namespace, known)
    everywhere = images is None and not namespace
    counted, known_sources = await _image_tally(visit, images, failing), await _source_tally(visit, sources)
    context = OverviewPage(
        images=counted,
        sources=known_sources,
        first=_first(visit, counted, known_sources, failing) if everywhere or namespace else None,
        refused=refused,
        problems=troubles.problems(failing.rows, refused),
        hosts=troubles.hosts(held),
        changes=await happened.lately(visit, told, MOST_CHANGES) if told is None or told else None,
        health=charts.health(visit.doors.metrics.day.slots(visit.now.timestamp())) if everywhere else None,
        namespace=namespace,
        commands=_commands(visit, namespace),
        live=f"repositories {namespace};registrysecrets {namespace}",
    )
    return await room.templates.page(visit, "overview.html", context, place="overview", namespace=namespace)


def _first(
    visit: Visit, images: ImageTally | None, sources: SourceTally | None, failing: _Failing
) -> FirstSteps | None:
    """Until an image was synced once, for who may add what is missing. Who comes from an object has its namespace
    chosen."""
    if images is None or sources is None or images.synced or any(row.last_synced for row in failing.rows):
        return None
    namespace = visit.query.text("namespace")
    if not all(visit.may("create", kind, namespace) for kind in (REGISTRY_SECRET, REPOSITORY)):
        return None
    by_operator = visit.actor.user == ADMIN and visit.may.path("create", admin.TOKENS)
    export = commands.exported(visit.doors.installation.kubeconfig) if visit.may.everything else ""
    return FirstSteps(bool(sources.total), bool(images.total), export, by_operator)


async def _failing(visit: Visit, scope: Scope) -> _Failing:
    query = Query(namespaces=scope, failing=True, offset=0, limit=MOST_FAILING)
    page = await visit.doors.objects.list(visit.actor, REPOSITORY, query)
    return _Failing(tuple(rows.image(REPOSITORY.decode(stored.body), visit) for stored in page.items), page.total)


async def _sources(visit: Visit, scope: Scope) -> tuple[SourceRow, ...]:
    """Failing ones first, then others: what there is to say is said of the first few."""
    found: dict[str, Stored] = {}
    for failing in (True, None):
        query = Query(namespaces=scope, failing=failing, offset=0, limit=MOST_SOURCES)
        page: Page = await visit.doors.objects.list(visit.actor, REGISTRY_SECRET, query)
        found |= {stored.uid: stored for stored in page.items if stored.uid not in found}
    return tuple(rows.source(REGISTRY_SECRET.decode(stored.body), visit) for stored in found.values())


async def _image_tally(visit: Visit, scope: Scope, failing: _Failing) -> ImageTally | None:
    if scope is not None and not scope:
        return None

    async def count(status: str | None) -> int:
        return await visit.doors.objects.count(visit.actor, REPOSITORY, Query(namespaces=scope, status=status))

    # Most images are synced, and the total is known without counting: the few others are counted.
    total, pending, syncing = await count(None), await count(""), await count("Syncing")
    failed = failing.total
    return ImageTally(
        total=total,
        synced=max(0, total - pending - syncing - failed),
        failed=failed,
        stale=sum(row.stale for row in failing.rows),
        pending=pending,
        syncing=syncing,
        partly=failed > len(failing.rows),
    )


async def _source_tally(visit: Visit, scope: Scope) -> SourceTally | None:
    if scope is not None and not scope:
        return None

    async def count(status: str | None) -> int:
        return await visit.doors.objects.count(visit.actor, REGISTRY_SECRET, Query(namespaces=scope, status=status))

    return SourceTally(await count(None), await count("success"), await count("failed"), await count("untested"))


def _commands(visit: Visit, namespace: str) -> tuple[Commands, ...]:
    words, failed = visit.words, {"status": "Failed", "limit": "100"}
    return (
        Commands(
            words.gettext("List failing images"),
            commands.rest(visit.origin, "GET", REPOSITORY, namespace, query=failed),
            commands.kubectl(
                "get",
                REPOSITORY.plural,
                "-o",
                "wide",
                "--field-selector",
                "status.syncStatus=Failed",
                namespace=namespace,
            ),
        ),
        Commands(
            words.gettext("List registry sources"),
            commands.rest(visit.origin, "GET", REGISTRY_SECRET, namespace, query={"limit": "100"}),
            commands.kubectl("get", REGISTRY_SECRET.plural, namespace=namespace),
        ),
    )
