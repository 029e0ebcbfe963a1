"""Who asks: the columns of the golden table, and what each was given, in the words of an operator who gave it."""

from typing import Any, Final, NamedTuple

OWN: Final = "team-a"
"""The namespace of those that have only one."""
OTHER: Final = "team-b"
ABSENT: Final = "absent"
HELD: Final = "held"
FREE: Final = "free"
"""A name that nothing has."""

Json = dict[str, Any]


class Person(NamedTuple):
    """`role` is what the person holds: everywhere, or in OWN when `bound` says so; "" for nothing."""

    name: str
    role: str = ""
    bound: bool = False
    groups: tuple[str, ...] = ()
    user: str = ""


STRANGERS: Final = (Person("anon"), Person("wrong"))
"""Without a token, and with one that nobody gave out."""
KNOWN: Final = (
    Person("nobody"),
    Person("viewer", "image-viewer", groups=("image-viewer",)),
    Person("oper", "image-operator", groups=("image-operator",)),
    Person("admin", "image-admin", groups=("image-admin",)),
    Person("monit", "monitoring", groups=("system:monitoring",)),
    Person("clust", "cluster-admin"),
    Person("master", "cluster-admin", groups=("system:masters",)),
    Person("a-view", "image-viewer", bound=True),
    Person("a-oper", "image-operator", bound=True),
    Person("a-adm", "image-admin", bound=True),
    Person("a-owner", "cluster-admin", bound=True),
    Person("a-sa", "image-operator", bound=True, user="system:serviceaccount:team-a:robot"),
    Person("a-named", "named", bound=True),
    Person("a-verif", "verifier", bound=True),
    Person("a-watch", "watcher", bound=True),
)
PEOPLE: Final = STRANGERS + KNOWN

IMAGES_GROUP: Final = "image.theriseunion.io"
_ONE_NAME: Final = {
    "apiGroups": [IMAGES_GROUP],
    "resources": ["repositories", "repositories/sync"],
    "resourceNames": [HELD],
    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
}
ROLES: Final[dict[str, list[Json]]] = {
    "named": [_ONE_NAME],
    "verifier": [{"apiGroups": [IMAGES_GROUP], "resources": ["registrysecrets/verify"], "verbs": ["create"]}],
    "watcher": [{"apiGroups": [IMAGES_GROUP], "resources": ["repositories"], "verbs": ["watch"]}],
}
"""Roles that somebody made for the purpose, beside the built-in ones."""


def subject(person: Person) -> Json:
    """A binding's subject; a service account is named as one."""
    if person.user.startswith("system:serviceaccount:"):
        *_, namespace, name = person.user.split(":")
        return {"kind": "ServiceAccount", "namespace": namespace, "name": name}
    return {"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": person.name}
