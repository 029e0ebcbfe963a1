"""The console's paths: one literal table. `{…}` stands for a name, which is handed to the page as it is."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from imageyard.web.console.pages import (
    about,
    access,
    activity,
    audit,
    check,
    compare,
    deletion,
    events,
    files,
    image,
    image_bulk,
    image_edit,
    image_import,
    image_new,
    images,
    overview,
    patterns,
    preferences,
    roles,
    settings,
    signin,
    source,
    source_edit,
    source_grants,
    source_import,
    source_new,
    source_password,
    source_selection,
    sources,
    token,
)
from imageyard.web.reply import Reply, Stream

Page = Callable[..., Awaitable[Reply | Stream]]
"""`page(room, visit, *names)`."""


NOTHING: Final = "nothing"
"""Done by what changes nothing on this server: it is not put on record."""


class Route(NamedTuple):
    """`resource` labels metrics and log lines. `does` is what a POST does, in the audit's words: a verb and a resource,
    `create repositories/sync`; "" where there is none."""

    template: str
    resource: str
    methods: Mapping[str, Page]
    does: str = ""

    def verb(self, method: str) -> str:
        """What a method does here, of a closed set: it labels metrics."""
        verb, _, what = self.does.partition(" ")
        return "get" if method != "POST" else verb if what else "create"


ROUTES: Final = (
    Route("/console", "overview", {"GET": overview.home}),
    Route("/console/", "overview", {"GET": overview.page}),
    Route(signin.SIGN_IN, "sessions", {"GET": signin.page, "POST": signin.sign_in}, "create accesstokens"),
    Route(signin.SIGN_OUT, "sessions", {"POST": signin.sign_out}, "delete accesstokens"),
    Route(preferences.PATH, "preferences", {"POST": preferences.keep}, NOTHING),
    Route("/console/images", "images", {"GET": images.page}),
    Route("/console/images/new", "images", {"GET": image_new.page, "POST": image_new.act}, "create repositories"),
    Route(
        "/console/images/import", "images", {"GET": image_import.page, "POST": image_import.act}, "create repositories"
    ),
    Route("/console/images/bulk", "images", {"POST": image_bulk.act}, "patch repositories"),
    Route("/console/images/{}/{}", "images", {"GET": image.page}),
    Route(
        "/console/images/{}/{}/edit", "images", {"GET": image_edit.page, "POST": image_edit.act}, "patch repositories"
    ),
    Route("/console/images/{}/{}/row", "images", {"GET": images.row}),
    Route("/console/images/{}/{}/compare", "images", {"GET": compare.page}),
    Route("/console/images/{}/{}/manifest.json", "images", {"GET": files.manifest}),
    Route("/console/images/{}/{}/config.json", "images", {"GET": files.config}),
    Route("/console/images/{}/{}/sync", "images", {"POST": image.sync}, "create repositories/sync"),
    Route("/console/images/{}/{}/suspend", "images", {"POST": image.suspend}, "patch repositories"),
    Route("/console/images/{}/{}/resume", "images", {"POST": image.resume}, "patch repositories"),
    Route(
        "/console/images/{}/{}/delete",
        "images",
        {"GET": deletion.image, "POST": deletion.delete_image},
        "delete repositories",
    ),
    Route("/console/activity", "activity", {"GET": activity.page}),
    Route("/console/sources", "sources", {"GET": sources.page}),
    Route(
        "/console/sources/new", "sources", {"GET": source_new.page, "POST": source_new.act}, "create registrysecrets"
    ),
    Route(
        "/console/sources/import",
        "sources",
        {"GET": source_import.page, "POST": source_import.act},
        "create registrysecrets",
    ),
    Route("/console/sources/selection", "sources", {"POST": source_selection.act}, "deletecollection registrysecrets"),
    Route("/console/sources/{}/{}", "sources", {"GET": source.page}),
    Route("/console/sources/{}/{}/row", "sources", {"GET": sources.row}),
    Route("/console/sources/{}/{}/verify", "sources", {"POST": source.verify}, "create registrysecrets/verify"),
    Route(
        "/console/sources/{}/{}/edit",
        "sources",
        {"GET": source_edit.page, "POST": source_edit.act},
        "update registrysecrets",
    ),
    Route(
        "/console/sources/{}/{}/password",
        "sources",
        {"GET": source_password.page, "POST": source_password.act},
        "patch registrysecrets",
    ),
    Route("/console/sources/{}/{}/grants", "sources", {"POST": source_grants.act}, "patch registrysecrets"),
    Route(
        "/console/sources/{}/{}/delete",
        "sources",
        {"GET": deletion.source, "POST": deletion.delete_source},
        "delete registrysecrets",
    ),
    Route("/console/events", "events", {"GET": events.stream}),
    Route("/console/access", "access", {"GET": access.page}),
    Route("/console/access/tokens/new", "access", {"GET": token.new, "POST": token.create}, "create accesstokens"),
    Route("/console/access/tokens/{}/created", "access", {"GET": token.created}),
    Route(
        "/console/access/tokens/{}/revoke", "access", {"GET": token.ask, "POST": token.revoke}, "delete accesstokens"
    ),
    Route("/console/access/roles", "roles", {"GET": roles.page}),
    Route("/console/access/clusterroles/{}", "clusterroles", {"GET": roles.cluster_role}),
    Route("/console/access/clusterrolebindings/{}", "clusterrolebindings", {"GET": roles.cluster_binding}),
    Route("/console/access/roles/{}/{}", "roles", {"GET": roles.role}),
    Route("/console/access/rolebindings/{}/{}", "rolebindings", {"GET": roles.binding}),
    Route("/console/access/check", "access", {"GET": check.page}),
    Route("/console/audit", "audit", {"GET": audit.page}),
    Route("/console/audit/export", "audit", {"GET": audit.export}),
    Route("/console/settings", "settings", {"GET": settings.page}),
    Route("/console/settings/egress", "settings", {"POST": settings.consider}, NOTHING),
    Route(
        "/console/settings/keys/rotate", "keys", {"GET": settings.ask, "POST": settings.rotate}, "create keys/rotate"
    ),
    Route("/console/about", "about", {"GET": about.page}),
    Route("/console/about/support", "about", {"POST": about.bundle}, "create supportbundles"),
    Route("/console/api", "about", {"GET": about.api}),
    Route("/console/patterns", "patterns", {"GET": patterns.page}),
)

NAMES: Final = 8
"""Segments of the longest path."""


class Matched(NamedTuple):
    """`names` are a namespace and a name, or a name alone."""

    route: Route
    names: tuple[str, ...]

    @property
    def namespace(self) -> str:
        return self.names[0] if len(self.names) > 1 else ""

    @property
    def name(self) -> str:
        return self.names[min(len(self.names), 2) - 1] if self.names else ""


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
