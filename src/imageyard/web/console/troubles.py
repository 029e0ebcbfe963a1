"""What is in trouble, put together by what is in common: failing images by reason, sources by their host. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from imageyard.domain.kinds.registry_secret import HostStatus
from imageyard.domain.reasons import Reason
from imageyard.web.console import rows
from imageyard.web.console.rows import ImageRow, SourceRow
from imageyard.web.console.visit import Said

MOST_NAMED: Final = 4
MOST_PROBLEMS: Final = 12
MOST_HOSTS: Final = 10
_TROUBLE: Final = ("open", "paused", "ok")


@dataclass(frozen=True, slots=True)
class Problem:
    """Images of one source that fail for one reason."""

    said: Said
    since: datetime | None
    """Since when the first of them fails."""
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


def problems(failing: Sequence[ImageRow], refused: Sequence[SourceRow]) -> tuple[Problem, ...]:
    """Of failing images what they have in common, the most frequent first. What a source's own failure explains is told
    there."""
    groups: dict[tuple[str, str], list[ImageRow]] = defaultdict(list)
    for row in failing:
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
    since = min((row.since for row in group if row.since is not None), default=None)
    return Problem(first.said, since, first.source, first.source_href, href, len(group), tuple(group[:MOST_NAMED]))


def hosts(held: Sequence[SourceRow]) -> tuple[Host, ...]:
    """Hosts that have something to tell, those in trouble first."""
    groups: dict[str, list[SourceRow]] = defaultdict(list)
    for row in held:
        if row.host is not None:
            groups[row.domain].append(row)
    found = [
        Host(domain, _worst(group), all(row.silent for row in group), tuple(group)) for domain, group in groups.items()
    ]
    found.sort(key=lambda host: (not host.silent, _TROUBLE.index(host.status.state), host.domain))
    return tuple(found[:MOST_HOSTS])


def _worst(group: Sequence[SourceRow]) -> HostStatus:
    told = [row.host for row in group if row.host is not None]
    return min(told, key=lambda status: (_TROUBLE.index(status.state), status.quota_limit is None))
