"""The rows of the golden table: each route at each place that matters, and the request that is sent there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from imageyard.domain.kind import Kind
from imageyard.web.kube import target
from imageyard.web.oapis import routes as rest_routes
from tests.rights import console, documents
from tests.rights.people import ABSENT, FREE, HELD, OTHER, OWN, Json
from tests.rights.routes import Route, filled
from tests.rights.yard import Yard

ALL: Final = "_all_"
MERGE: Final = {"content_type": "application/merge-patch+json"}
APPLY: Final = {"content_type": "application/apply-patch+yaml"}


class Row(NamedTuple):
    """`does` is the method, or what is asked with it beyond the usual:

    WATCH (GET with watch=1), ONLY (GET of one name by fieldSelector), AGAIN (POST of a name that is taken),
    APPLY (PATCH, server-side), BROUGHT (POST …/verify with a credential of its own), PREVIEW (POST …/sync?dryRun=All).
    """

    does: str
    route: Route
    namespace: str = ""
    """"" for what lies in none, and for all of them at the kube door."""
    name: str = ""

    @property
    def path(self) -> str:
        return filled(self.route.template, self.namespace, self.name)

    @property
    def door(self) -> str:
        """`oapis`, `apis`, `admin`, …: the first segment."""
        return self.route.template.split("/")[1]

    @property
    def is_kube(self) -> bool:
        return self.door in ("api", "apis")

    @property
    def kind(self) -> Kind[Any] | None:
        """None for what is no object."""
        if self.door == "oapis" and self.path.startswith(rest_routes.BELOW):
            matched = rest_routes.match(self.path)
            return matched.route.kind if matched else None
        matched_ = target.match(self.path) if self.is_kube else None
        return matched_.kind if matched_ else None

    @property
    def sub(self) -> str:
        """What follows the name: `verify`, `status`, `history`, …"""
        tail = self.route.template.partition("{name}/")[2]
        return tail.partition("/")[0]

    @property
    def exists(self) -> bool:
        return self.name in (HELD, OWN, OTHER)


def all_of(routes: Sequence[Route]) -> list[Row]:
    return [row for route in routes for row in _of(route)]


def _of(route: Route) -> Iterator[Row]:
    for namespace, name in _places(route):
        row = Row(route.method, route, namespace, name)
        for does in (route.method, *_variants(row)):
            yield row._replace(does=does)


def _places(route: Route) -> Iterator[tuple[str, str]]:
    template = route.template
    if "{namespace}" not in template:
        names = ("",)
        if "{name}" in template:
            names = (OWN, OTHER, ABSENT) if "/namespaces/{name}" in template else (HELD, FREE)  # type: ignore[assignment]
        yield from (("", name) for name in names)
    elif "{name}" in template:
        yield from ((namespace, name) for namespace in (OWN, OTHER) for name in (HELD, FREE))
    else:
        yield from ((namespace, "") for namespace in (OWN, OTHER, ABSENT))
    if "{namespace}" in template and template.startswith("/oapis"):
        yield ALL, HELD if "{name}" in template else ""


def _variants(row: Row) -> Iterator[str]:
    kind, method = row.kind, row.route.method
    if kind is None or f"{kind.api_version}/{kind.plural}" not in documents.MAKE:
        return
    match method:
        case "GET" if not row.name:
            yield "ONLY"
            if row.is_kube:
                yield "WATCH"
        case "POST" if not row.name:
            yield "AGAIN"
        case "PATCH" if row.is_kube:
            yield "APPLY"
        case "POST" if row.sub == "verify":
            yield "BROUGHT"
        case "POST" if row.sub == "sync":
            yield "PREVIEW"


class Call(NamedTuple):
    method: str
    url: str
    body: Any = b""
    headers: Mapping[str, str] = {}


def call(yard: Yard, row: Row) -> Call:
    """What is sent: well-formed, so that rights alone decide."""
    if row.door == "console":
        return _browsed(row)
    method, path, kind = row.route.method, row.path, row.kind
    if kind is None:
        return Call(method, path, _plain_body(row))
    if kind.plural in documents.REVIEWS:
        return Call(method, path, {"spec": documents.REVIEWS[kind.plural](row.namespace)})
    match row.does:
        case "WATCH":
            return Call(method, f"{path}?watch=1")
        case "ONLY":
            return Call(method, f"{path}?fieldSelector=metadata.name%3D{HELD}")
        case "PREVIEW":
            return Call(method, f"{path}?dryRun=All", documents.image(row.namespace, row.name)["spec"])
        case "BROUGHT":
            login = {"domain": "harbor.example.com", "username": "u", "password": "p"}
            return Call(method, path, login)
        case "APPLY":
            return Call(method, f"{path}?fieldManager=golden&force=true", _made(kind, row), APPLY)
        case "PATCH":
            change = {"status": {}} if row.sub else {"metadata": {"labels": {"seen": "yes"}}}
            return Call(method, path, change, MERGE)
        case "PUT":
            return Call(method, path, _whole(yard, kind, row))
        case "POST" if row.sub:
            return Call(method, path, {} if row.sub == "verify" else b"")
        case "POST" | "AGAIN":
            return Call(method, path, _made(kind, row))
        case "DELETE" if not row.name and not row.is_kube:
            return Call(method, path, {"names": [HELD]})
    return Call(method, path)


def _browsed(row: Row) -> Call:
    """As a browser without JavaScript sends it."""
    method, sends = row.route.method, console.promise(*row.route).sends.replace("%N", row.name)
    if method == "GET":
        return Call(method, f"{row.path}?{sends}" if sends else row.path)
    return Call(method, row.path, sends.encode(), console.FORM)


def _plain_body(row: Row) -> Any:
    """Of what is no object: a token, so far."""
    return {"name": FREE, "user": "somebody"} if row.path == "/admin/v1/tokens" and row.does == "POST" else b""


def _made(kind: Kind[Any], row: Row) -> Json:
    """An object as it is made, under the row's name; in a collection under a free or a taken one."""
    cluster = not kind.namespaced
    is_namespace = kind.plural == "namespaces"
    taken, free = (OWN, ABSENT) if is_namespace else (HELD, FREE)
    name = row.name or (taken if row.does == "AGAIN" else free)
    namespace = "" if cluster else row.namespace
    if row.sub == "status":
        return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}, "status": {}}
    return documents.MAKE[f"{kind.api_version}/{kind.plural}"](namespace, name)


def _whole(yard: Yard, kind: Kind[Any], row: Row) -> Json:
    """The object as it was last read, changed a little; for one that is not there, one that might be."""
    held = yard.version_of(kind.stored, row.namespace, row.name)
    if held is None:
        made = _made(kind, row._replace(route=Route("PUT", "")))
        made["metadata"]["resourceVersion"] = "1"
        return made
    document: Json = msgspec.json.decode(kind.shown(held.body))
    document["metadata"].setdefault("labels", {})["seen"] = "yes"
    return document
