"""What images are there already: under a name, or of a path and tag; and which name is still free.

A reader who may not look is told nothing: what is there is then found out when it is to be made.
"""

from collections.abc import Container
from typing import Final

from imageyard.domain import proposals
from imageyard.domain.errors import Failure
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.store import Query
from imageyard.web.console.importing.judging import Image
from imageyard.web.console.visit import Visit

_ALIKE: Final = 50
"""Images whose path and tag contain the same text, among which the same is looked for."""
_TRIES: Final = 200


async def held(visit: Visit, namespace: str, name: str) -> Image | None:
    """The image of that name."""
    try:
        stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    except Failure:
        return None
    return _image(REPOSITORY.decode(stored.body))


async def same(visit: Visit, namespace: str, image: Image) -> str:
    """The name of an object that keeps this very image, "" where there is none."""
    if not visit.may("list", REPOSITORY, namespace):
        return ""
    text = f"{image.repository}:{image.tag}"
    query = Query(namespaces=frozenset({namespace}), search=text, reference=image.source, offset=0, limit=_ALIKE)
    page = await visit.doors.objects.list(visit.actor, REPOSITORY, query)
    found = [REPOSITORY.decode(stored.body) for stored in page.items]
    return next((each.metadata.name for each in found if _image(each) == image), "")


async def free(visit: Visit, namespace: str, repository: str, tag: str, reserved: Container[str] = ()) -> str:
    """The first proposal that no object has."""
    name = ""
    for _, name in zip(range(_TRIES), proposals.names(repository, tag), strict=False):
        if name not in reserved and await held(visit, namespace, name) is None:
            return name
    return name


def _image(found: Repository) -> Image:
    ref = found.spec.registry_ref
    return Image(found.spec.repository, found.spec.tag, f"{ref.namespace}/{ref.name}")
