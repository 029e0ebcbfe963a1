"""The REST paths, derived from the kinds table: a new kind needs no new route. OpenAPI is written from this table.

Matching is a split and one dict lookup; names in a path are never interpreted further than that.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS
from imageyard.domain.objects import API_VERSION, GROUP
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import create, delete, get, history, manifests, patch, replace, sync, verify
from imageyard.web.oapis import list as listing
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply

PREFIX: Final = f"/oapis/{API_VERSION}"
BELOW: Final = f"{PREFIX}/"
SERVED: Final[tuple[Kind[Any], ...]] = tuple(k for k in KINDS if k.served and k.namespaced and k.group == GROUP)

Handler = Callable[[Doors, Exchange, Target], Awaitable[Reply]]


class Endpoint(NamedTuple):
    """`verb` is the Kubernetes verb, for metrics and OpenAPI."""

    handler: Handler
    verb: str


class Route(NamedTuple):
    kind: Kind[Any]
    template: str
    """The path below PREFIX, `{…}` where names stand."""
    resource: str
    """`repositories`, or with its subresource `repositories/sync`."""
    methods: Mapping[str, Endpoint]
    allowed: tuple[str, ...]


class Matched(NamedTuple):
    route: Route
    target: Target


def _route(kind: Kind[Any], below: str, subresource: str, methods: Mapping[str, Endpoint]) -> Route:
    allowed = (*(("GET", "HEAD") if "GET" in methods else ()), *(m for m in methods if m != "GET"))
    template = f"/namespaces/{{namespace}}/{kind.rest_path}{below}"
    return Route(kind, template, "/".join(filter(None, (kind.plural, subresource))), methods, allowed)


def _of_kind(kind: Kind[Any]) -> dict[tuple[str, ...], Route]:
    """Routes by what remains of the path when its names are taken out."""
    one = {
        "GET": Endpoint(get.one, "get"),
        "PUT": Endpoint(replace.one, "update"),
        "PATCH": Endpoint(patch.one, "patch"),
        "DELETE": Endpoint(delete.one, "delete"),
    }
    many = {
        "GET": Endpoint(listing.collection, "list"),
        "POST": Endpoint(create.one, "create"),
        "DELETE": Endpoint(delete.named, "deletecollection"),
    }
    path = kind.rest_path
    routes = {(path,): _route(kind, "", "", many), (path, "{name}"): _route(kind, "/{name}", "", one)}
    for subresource, endpoint in (("verify", Endpoint(verify.one, "create")), ("sync", Endpoint(sync.one, "create"))):
        if subresource in kind.subresources:
            below = f"/{{name}}/{subresource}"
            routes[path, "{name}", subresource] = _route(kind, below, subresource, {"POST": endpoint})
    if {"verify", "sync"} & {*kind.subresources}:
        methods = {"GET": Endpoint(history.of_one, "get")}
        routes[path, "{name}", "history"] = _route(kind, "/{name}/history", "history", methods)
    if "sync" in kind.subresources:
        methods = {"GET": Endpoint(manifests.one, "get")}
        below = "/{name}/manifests/{digest}"
        routes[path, "{name}", "manifests", "{digest}"] = _route(kind, below, "manifests", methods)
    return routes


ROUTES: Final = {key: route for kind in SERVED for key, route in _of_kind(kind).items()}


@lru_cache(maxsize=1024)
def match(path: str) -> Matched | None:
    """The route and the names in a path that begins with BELOW; None when nothing is served there."""
    root, *parts = path[len(BELOW) :].split("/", 7)
    if root != "namespaces" or len(parts) < 2 or not all(parts):
        return None
    namespace, plural, *below = parts
    route = ROUTES.get((plural, *_shape(below)))
    if route is None:
        return None
    name = below[0] if below else ""
    digest = below[2] if len(below) == 3 else ""
    return Matched(route, Target(route.kind, namespace, name, digest))


def _shape(below: Sequence[str]) -> tuple[str, ...]:
    """What is left of a path below a collection when its names are taken out."""
    if len(below) < 2:
        return ("{name}",) if below else ()
    return ("{name}", below[1], *("{digest}" if place == 0 else "" for place in range(len(below) - 2)))
