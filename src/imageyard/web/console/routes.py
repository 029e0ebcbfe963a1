"""The console's paths: one literal table. `{…}` stands for a name, which is handed to the page as it is."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from imageyard.web.console.pages import (
    deletion,
    events,
    image,
    image_bulk,
    image_edit,
    image_import,
    image_new,
    images,
    overview,
    patterns,
    source,
    sources,
)
from imageyard.web.reply import Reply, Stream

Page = Callable[..., Awaitable[Reply | Stream]]
"""`page(room, visit, *names)`."""


class Route(NamedTuple):
    """`resource` labels metrics and log lines."""

    template: str
    resource: str
    methods: Mapping[str, Page]


ROUTES: Final = (
    Route("/console/", "overview", {"GET": overview.page}),
    Route("/console/images", "images", {"GET": images.page}),
    Route("/console/images/new", "images", {"GET": image_new.page, "POST": image_new.act}),
    Route("/console/images/import", "images", {"GET": image_import.page, "POST": image_import.act}),
    Route("/console/images/bulk", "images", {"POST": image_bulk.act}),
    Route("/console/images/{}/{}", "images", {"GET": image.page}),
    Route("/console/images/{}/{}/edit", "images", {"GET": image_edit.page, "POST": image_edit.act}),
    Route("/console/images/{}/{}/row", "images", {"GET": images.row}),
    Route("/console/images/{}/{}/sync", "images", {"POST": image.sync}),
    Route("/console/images/{}/{}/suspend", "images", {"POST": image.suspend}),
    Route("/console/images/{}/{}/resume", "images", {"POST": image.resume}),
    Route("/console/images/{}/{}/delete", "images", {"GET": deletion.image, "POST": deletion.delete_image}),
    Route("/console/sources", "sources", {"GET": sources.page}),
    Route("/console/sources/{}/{}", "sources", {"GET": source.page}),
    Route("/console/sources/{}/{}/row", "sources", {"GET": sources.row}),
    Route("/console/sources/{}/{}/verify", "sources", {"POST": source.verify}),
    Route("/console/sources/{}/{}/delete", "sources", {"GET": deletion.source, "POST": deletion.delete_source}),
    Route("/console/events", "events", {"GET": events.stream}),
    Route("/console/patterns", "patterns", {"GET": patterns.page}),
)

NAMES: Final = 8
"""Segments of the longest path."""


class Matched(NamedTuple):
    route: Route
    names: tuple[str, ...]


@lru_cache(maxsize=1024)
def match(path: str) -> Matched | None:
    """The route of a path and the names in it, None where nothing is served."""
    given = path.split("/", NAMES)
    for shape, route in _BY_LENGTH.get(len(given), ()):
        if all(want in ("{}", has) for want, has in zip(shape, given, strict=True)):
            names = tuple(has for want, has in zip(shape, given, strict=True) if want == "{}")
            if all(names):
                return Matched(route, names)
    return None


_SHAPES: Final = [(route.template.split("/"), route) for route in ROUTES]
_BY_LENGTH: Final = {
    length: [(shape, route) for shape, route in _SHAPES if len(shape) == length]
    for length in {len(shape) for shape, _ in _SHAPES}
}
