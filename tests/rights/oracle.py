"""What each answer should be, from the words in which rights are promised, and from nothing the server computes.

cluster-admin may everything. image-admin may everything with both kinds. image-operator reads both, makes, updates and
patches images and asks for syncs; deletes nothing, and neither makes nor changes nor verifies sources. image-viewer
reads. Verifying and syncing are `create` on the subresource. The three image roles also read events. A role that is
bound in a namespace counts there and nowhere else. Everybody who is known may ask about himself and read what is the
same for all: documents, discovery, and the list of the namespaces he may look into.
"""

from typing import Final

from tests.rights import console
from tests.rights.people import ABSENT, HELD, OWN, STRANGERS, Person
from tests.rights.rows import ALL, Row

BOTH: Final = frozenset({"registrysecrets", "repositories"})
READ: Final = frozenset({"get", "list", "watch"})
ABOUT_ONESELF: Final = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews"})
OPEN: Final = frozenset({"/livez", "/readyz", "/healthz", "/version", "/ca.crt"})
_VERBS: Final = {"PUT": "update", "PATCH": "patch", "APPLY": "patch", "DELETE": "delete", "WATCH": "watch"}


def expected(person: Person, row: Row) -> int:
    if row.door == "console":
        return _browsed(person, row)
    if row.path == "/":
        return 303
    if row.path in OPEN:
        return 200
    if person in STRANGERS:
        return 401
    if row.kind is None:
        return _beside_objects(person, row)
    if row.namespace == ALL and not (row.does in ("GET", "ONLY") and not row.name):
        return 400
    return _success(row) if _allowed(person, row) else 403


def _beside_objects(person: Person, row: Row) -> int:
    everything = person.role == "cluster-admin" and not person.bound
    if row.path == "/metrics":
        return 200 if everything or person.role == "monitoring" else 403
    if row.door == "admin":
        return _administered(row) if everything else 403
    return 200


def _browsed(person: Person, row: Row) -> int:
    """At the console, where one is refused as at the other doors."""
    promise = console.promise(*row.route)
    if promise.right != console.OPEN and person in STRANGERS:
        return 401
    if not granted(person, promise.right, row.namespace or promise.where, row.name or promise.name):
        return promise.refused
    if row.name and not row.exists:
        return 404
    return promise.answer or (303 if row.does == "POST" else 200)


def granted(person: Person, right: str, where: str, name: str) -> bool:
    """Whether somebody has what a promise of the console asks for."""
    if right in (console.OPEN, console.KNOWN):
        return True
    if right == console.MASTERS:
        return "system:masters" in person.groups
    verb, what = right.split(" ")
    if what.startswith("/"):
        return person.role == "cluster-admin" and not person.bound
    return _may(person, verb, what, where, name)


def _administered(row: Row) -> int:
    """Certificates are off, and no key can go: there is one, and it is the current one."""
    if row.path.endswith("/certificates"):
        return 400
    if row.name == "free" or (row.does == "DELETE" and "/keys/" in row.path):
        return 404
    return {"GET": 200, "POST": 201 if row.path.endswith("/tokens") else 200, "DELETE": 204}[row.does]


def _allowed(person: Person, row: Row) -> bool:
    assert row.kind is not None
    plural, verb = row.kind.plural, _verb(row)
    what = f"{plural}/{row.sub}" if row.sub in ("status", "verify", "sync") else plural
    where = row.namespace if row.namespace != ALL else ""
    if plural == "namespaces" and row.name:
        where = row.name
    one = HELD if row.does == "ONLY" or (verb == "delete" and not row.name) else row.name
    may = _may(person, verb, what, where, one)
    if row.does == "APPLY" and not row.exists and not row.sub:
        return may and _may(person, "create", plural, "" if plural == "namespaces" else where, "")
    if row.does == "BROUGHT" and not row.exists:
        return may and _may(person, "create", plural, where, "")
    return may


def _verb(row: Row) -> str:
    if row.does in ("GET", "ONLY"):
        return "get" if row.name else "list"
    if row.does == "DELETE" and not row.name and row.is_kube:
        return "deletecollection"
    return _VERBS.get(row.does, "create")


def _may(person: Person, verb: str, what: str, where: str, name: str) -> bool:
    if what in ABOUT_ONESELF:
        return True
    if person.bound and where != OWN:
        return False
    kind = what.partition("/")[0]
    match person.role:
        case "cluster-admin":
            return True
        case "image-admin":
            return kind in BOTH or (kind == "events" and verb in READ)
        case "image-operator":
            if verb in READ:
                return kind in BOTH or kind == "events"
            if what == "repositories/sync":
                return verb == "create"
            return what == "repositories" and verb in ("create", "update", "patch")
        case "image-viewer":
            return verb in READ and (kind in BOTH or kind == "events")
        case "named":
            makes = verb == "create" and what == "repositories"
            return what in ("repositories", "repositories/sync") and name == HELD and not makes
        case "verifier":
            return (verb, what) == ("create", "registrysecrets/verify")
        case "watcher":
            return (verb, what) == ("watch", "repositories")
    return False


def _success(row: Row) -> int:
    """The answer to somebody who may."""
    missing = bool(row.name) and not row.exists
    match row.does:
        case "AGAIN":
            return 404 if row.namespace == ABSENT and row.is_kube else 201 if row.namespace == ABSENT else 409
        case "POST" if not row.name:
            asked = row.kind is not None and row.kind.plural.endswith("reviews")
            return 404 if row.is_kube and row.namespace == ABSENT and not asked else 201
        case "APPLY" if missing and not row.sub:
            return 201
        case "PREVIEW":
            return 200
        case "BROUGHT":
            return 200
        case "DELETE" if row.name and not missing:
            return 200 if row.is_kube else 204
    return 404 if missing else 200
