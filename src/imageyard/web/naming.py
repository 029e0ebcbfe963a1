"""What a request is about, as the audit names it: told by the doors' own tables from its path, whether or not it ever
got to a door.

A path may hold what somebody pasted there by mistake. Only what a table knows, and names that could be those of
objects, are written down.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from imageyard import logs
from imageyard.domain import reference
from imageyard.domain.audit import ObjectRef
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import ACCESS_TOKEN, BY_PLURAL
from imageyard.domain.kinds.reviews import REVIEWS
from imageyard.keyring import keys
from imageyard.service.admission import ALL
from imageyard.web import health, metrics
from imageyard.web.admin import door as admin
from imageyard.web.console import routes as console
from imageyard.web.kube import door as kube
from imageyard.web.kube import target as kube_target
from imageyard.web.oapis import routes

HIDDEN: Final = "***"
_OTHER: Final = "other"
_VERBS: Final = {method: method.lower() for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")}
_OPEN: Final = health.PATHS | {metrics.PATH, "/"}
_LONGEST_AGENT: Final = 200
_DIGEST: Final = re.compile(r"sha(?:256|512):[0-9a-f]{64,128}")


class Named(NamedTuple):
    """`uri` is the path as it may be shown. `ref` is None where no object is meant."""

    verb: str
    uri: str
    ref: ObjectRef | None = None
    question: bool = False
    """Whether it asks something by POST, and changes nothing here."""

    @property
    def door(self) -> str:
        return _DOORS.get(_first(self.uri), _OTHER)


def of(method: str, path: str) -> Named:
    """What this method on this path is about."""
    named = _TABLES.get(_first(path), _nothing)(method, path)
    return named or Named(_VERBS.get(method, _OTHER), _shown(path))


def agent(header: str) -> str:
    """A User-Agent as it may be shown."""
    return logs.scrub("".join(filter(str.isprintable, header[:_LONGEST_AGENT])))


def _nothing(method: str, path: str) -> Named | None:
    return None


def _rest(method: str, path: str) -> Named | None:
    matched = routes.match(path) if path.startswith(routes.BELOW) else None
    if matched is None:
        return None
    route, target = matched
    endpoint = route.methods.get(_asked(method))
    subresource = route.resource.partition("/")[2]
    ref = _ref(target.kind, target.namespace, target.name, subresource)
    uri = _hiding(path, target.namespace, target.name, target.digest)
    return Named(endpoint.verb if endpoint else _VERBS.get(method, _OTHER), uri, ref)


def _kube(method: str, path: str) -> Named | None:
    target = kube_target.match(path)
    if target is None:
        return None
    handler = kube.handlers_of(target).get(_asked(method))
    ref = _ref(target.kind, target.namespace or "", target.name, target.subresource)
    uri = _hiding(path, target.namespace or "", target.name)
    verb = handler[1] if handler else _VERBS.get(method, _OTHER)
    return Named(verb, uri, ref, target.kind in REVIEWS and method == "POST")


def _admin(method: str, path: str) -> Named | None:
    verb = admin.VERBS.get(method, _OTHER)
    if path == admin.TOKENS or path.startswith(f"{admin.TOKENS}/"):
        name = path[len(admin.TOKENS) + 1 :]
        if "/" in name:
            return None
        return Named(verb, _hiding(path, name), _ref(ACCESS_TOKEN, "", name, ""))
    if path in admin.RESOURCES:
        resource, _, subresource = admin.RESOURCES[path].partition("/")
        return Named(verb, path, ObjectRef(resource=resource, subresource=subresource))
    collection, _, key_id = path.rpartition("/")
    if collection == admin.KEYS:
        key_id = key_id if keys.ID.fullmatch(key_id) else ""
        return Named(verb, f"{collection}/{key_id or HIDDEN}", ObjectRef(resource="keys", name=key_id))
    return None


_SHOWN: Final = {"images": "repositories", "sources": "registrysecrets", "access": "accesstokens"}
"""What pages show, by what the console's routes call it; the others show something of that very name."""


def _console(method: str, path: str) -> Named | None:
    matched = console.match(path)
    if matched is None:
        return None
    route = matched.route
    does = route.does if method == "POST" else ""
    what = does.partition(" ")[2] or _SHOWN.get(route.resource, route.resource)
    plural, _, subresource = what.partition("/")
    kind = BY_PLURAL.get(plural)
    ref = ObjectRef(plural, subresource=subresource)
    if kind is not None:
        ref = _ref(kind, matched.namespace, matched.name, subresource)
    verb = route.verb(method) if _asked(method) in route.methods else _VERBS.get(method, _OTHER)
    return Named(verb, _hiding(path, *matched.names), ref, does == console.NOTHING)


def _asked(method: str) -> str:
    return "GET" if method == "HEAD" else method


def _ref(kind: Kind[Any], namespace: str, name: str, subresource: str) -> ObjectRef:
    return ObjectRef(
        resource=kind.plural,
        namespace=namespace if is_name(namespace) else "",
        name=name if is_name(name) else "",
        api_group=kind.group,
        api_version=kind.version,
        subresource=subresource,
    )


def is_name(text: str) -> bool:
    """Whether an object may be called so; colons stand in the names of built-in roles. No token of ours can be one: it
    has an underscore."""
    return reference.is_subdomain(text.replace(":", "."))


def _hiding(path: str, *names: str) -> str:
    """The path of a table, whose only free parts are `names`."""
    hidden = {name for name in names if name and name != ALL and not is_name(name) and not _DIGEST.fullmatch(name)}
    return "/".join(HIDDEN if part in hidden else part for part in path.split("/")) if hidden else path


def _shown(path: str) -> str:
    """Of a path that no table knows, the door it was said at."""
    if path in _OPEN:
        return path
    first = _first(path)
    return f"/{first}/…" if first in _DOORS else "/…"


def _first(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else ""


_TABLES: Final[Mapping[str, Callable[[str, str], Named | None]]] = {
    "oapis": _rest,
    "api": _kube,
    "apis": _kube,
    "admin": _admin,
    "console": _console,
}
_DOORS: Final[Mapping[str, str]] = {
    "oapis": "rest",
    "api": "kube",
    "apis": "kube",
    "openapi": "kube",
    "admin": "admin",
    "console": "console",
    "metrics": "metrics",
    **{path[1:]: "health" for path in health.PATHS},
}
