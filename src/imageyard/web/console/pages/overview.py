"""The first page: what fails and why, what changed, how registries fare. Each number leads to what it counts."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from imageyard.domain.kinds import EVENT, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import HostStatus
from imageyard.domain.reasons import Reason
from imageyard.store import Page, Query, Stored
from imageyard.web.console import charts, commands, happened, rows
from imageyard.web.console.charts import Health
from imageyard.web.console.commands import Commands
from imageyard.web.console.happened import EventRow
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow, SourceRow
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Reply

MOST_FAILING: Final = 500
"""Failing images that are looked at to tell why; of more the number is told."""
MOST_SOURCES: Final = 200
MOST_NAMED: Final = 4
MOST_PROBLEMS: Final = 12
MOST_HOSTS: Final = 10
MOST_CHANGES: Final = 12

_TROUBLE: Final = ("open", "paused", "ok")

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
class Problem:
    """Images of one source that fail for one reason."""

    said: Said
    source: str
    source_href: str
    href: str
    count: int
    images: tuple[ImageRow, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A registry host, which several sources may share."""

    domain: str
    status: HostStatus
    silent: bool
    sources: tuple[SourceRow, ...]


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
    namespace: str
    commands: tuple[Commands, ...]
    live: str


class _Failing(NamedTuple):
    rows: tuple[ImageRow, ...]
    total: int


async def page(room: Room, visit: Visit) -> Reply:
    namespace, known = visit.query.text("namespace"), await visit.namespaces()
    images, sources = (visit.may.scope(kind, namespace, known) for kind in (REPOSITORY, REGISTRY_SECRET))
    failing = await _failing(visit, images)
    held = await _sources(visit, sources)
    refused = tuple(row for row in held if row.verdict == "failed")
    told = visit.may.scope(EVENT, namespace, known)
    everywhere = images is None and not namespace
    context = OverviewPage(
        images=await _image_tally(visit, images, failing),
        sources=await _source_tally(visit, sources),
        refused=refused,
        problems=_problems(failing, refused),
        hosts=_paced(held),
        changes=await happened.lately(visit, told, MOST_CHANGES) if told is None or told else None,
        health=charts.health(visit.doors.metrics.day.slots(visit.now.timestamp())) if everywhere else None,
        namespace=namespace,
        commands=_commands(visit, namespace),
        live=f"repositories {namespace};registrysecrets {namespace}",
    )
    return await room.templates.page(visit, "overview.html", context, place="overview", namespace=namespace)


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


def _problems(failing: _Failing, refused: Sequence[SourceRow]) -> tuple[Problem, ...]:
    """Of failing images what they have in common, the most frequent first. What a source's own failure explains is told
    there."""
    groups: dict[tuple[str, str], list[ImageRow]] = defaultdict(list)
    for row in failing.rows:
        groups[row.said.reason if row.said else "", row.source].append(row)
    for source in refused:
        named = f"{source.namespace}/{source.name}"
        groups.pop((Reason.CredentialRefused, named), None)
        groups.pop((source.said.reason if source.said else "", named), None)
    common = sorted(groups.values(), key=len, reverse=True)[:MOST_PROBLEMS]
    return tuple(_problem(group) for group in common)


def _problem(group: list[ImageRow]) -> Problem:
    first = group[0]
    assert first.said is not None  # noqa: S101 - what fails has a reason
    href = rows.images_of(first.source, "failed")
    return Problem(first.said, first.source, first.source_href, href, len(group), tuple(group[:MOST_NAMED]))


def _paced(held: Sequence[SourceRow]) -> tuple[Host, ...]:
    """Hosts that have something to tell, those in trouble first."""
    groups: dict[str, list[SourceRow]] = defaultdict(list)
    for row in held:
        if row.host is not None:
            groups[row.domain].append(row)
    hosts = [
        Host(domain, _worst(group), all(row.silent for row in group), tuple(group)) for domain, group in groups.items()
    ]
    hosts.sort(key=lambda host: (not host.silent, _TROUBLE.index(host.status.state), host.domain))
    return tuple(hosts[:MOST_HOSTS])


def _worst(group: Sequence[SourceRow]) -> HostStatus:
    told = [row.host for row in group if row.host is not None]
    return min(told, key=lambda status: (_TROUBLE.index(status.state), status.quota_limit is None))
