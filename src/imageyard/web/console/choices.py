"""What a form that adds images offers to choose from: namespaces, and registry sources that images there may name."""

from dataclasses import dataclass
from typing import Final

from imageyard.domain import image_reference, reference
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import ANNOTATION
from imageyard.domain.reference import InvalidReference
from imageyard.service import sources as rules
from imageyard.store import Query
from imageyard.web.console import rows
from imageyard.web.console.visit import Visit

MOST: Final = 1_000
"""Sources that are looked through; more than a page offers anyway."""
_HUB: Final = "docker.io"


@dataclass(frozen=True, slots=True)
class Source:
    """`key` is `namespace/name`, `host` as `image_reference.host_of` has it."""

    key: str
    host: str
    alias: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Where the reader may add images; `new` tells that also where there is no namespace yet."""

    names: tuple[str, ...]
    new: bool

    def default(self, wanted: str) -> str:
        """The one that is asked for, else `default`, else the first."""
        if wanted:
            return wanted
        return "default" if "default" in self.names or not self.names else self.names[0]


async def namespaces(visit: Visit) -> Namespaces:
    new = visit.may("create", REPOSITORY, "")
    known = await visit.namespaces()
    return Namespaces(tuple(name for name in known if new or visit.may("create", REPOSITORY, name)), new)


async def sources(visit: Visit, namespace: str, host: str = "") -> tuple[Source, ...]:
    """Those that let images of the namespace in and that the reader may list, of one host where it is given. The own
    namespace's come first, then those that are known to work."""
    scope = visit.may.scope(REGISTRY_SECRET, "", await visit.namespaces())
    if scope is not None and not scope:
        return ()
    query = Query(namespaces=scope, search="" if host == _HUB else host, offset=0, limit=MOST)
    page = await visit.doors.objects.list(visit.actor, REGISTRY_SECRET, query)
    found = [REGISTRY_SECRET.decode(stored.body) for stored in page.items]
    offered = [_source(each) for each in found if rules.lets_in(each, namespace)]
    offered.sort(key=lambda each: (not each.key.startswith(f"{namespace}/"), not each.verified, each.key))
    return tuple(each for each in offered if host in ("", each.host))


def _source(found: RegistrySecret) -> Source:
    meta = found.metadata
    return Source(
        f"{meta.namespace}/{meta.name}",
        host_of(found.spec.domain),
        meta.annotations.get(ANNOTATION + "display-name", ""),
        rows.verdict_of(found) == "success",
    )


def host_of(domain: str) -> str:
    """The host that a source's domain stands for."""
    try:
        return image_reference.host_of(reference.parse_domain(domain))
    except InvalidReference:
        return domain
