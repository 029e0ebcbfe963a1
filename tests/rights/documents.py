"""Objects as clients send them, of every kind that is served."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.rights.people import IMAGES_GROUP, Json

IMAGES: Final = f"{IMAGES_GROUP}/v1alpha1"
RBAC: Final = "rbac.authorization.k8s.io/v1"
PASSWORD: Final = "canary-5d1c-password"
_MOMENT: Final = "2026-01-01T00:00:00.000000Z"


def source(namespace: str, name: str, **spec: Any) -> Json:
    login = {"domain": "harbor.example.com", "username": "robot", "password": PASSWORD, "provider": "harbor"}
    return _object(IMAGES, "RegistrySecret", namespace, name, spec={**login, **spec})


def image(namespace: str, name: str, of: str = "", source_name: str = "held", **spec: Any) -> Json:
    """`of` is the namespace of its source, where that is another one."""
    reference = {"namespace": of or namespace, "name": source_name}
    shown = {"repository": "team/app", "tag": "v1", "registryRef": reference, "suspend": True}
    return _object(IMAGES, "Repository", namespace, name, spec={**shown, **spec})


def role(namespace: str, name: str, rules: list[Json] | None = None) -> Json:
    reading = {"apiGroups": [IMAGES_GROUP], "resources": ["repositories"], "verbs": ["get"]}
    kind = "Role" if namespace else "ClusterRole"
    return _object(RBAC, kind, namespace, name, rules=[reading] if rules is None else rules)


def binding(namespace: str, name: str, ref: str = "image-viewer", subjects: list[Json] | None = None) -> Json:
    """To a ClusterRole; to nobody who asks, unless told."""
    group = RBAC.partition("/")[0]
    somebody = [{"kind": "User", "apiGroup": group, "name": "somebody"}]
    given = {"apiGroup": group, "kind": "ClusterRole", "name": ref}
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    return _object(RBAC, kind, namespace, name, roleRef=given, subjects=somebody if subjects is None else subjects)


def namespace(_: str, name: str) -> Json:
    return _object("v1", "Namespace", "", name)


def event(namespace: str, name: str) -> Json:
    return _object(
        "v1",
        "Event",
        namespace,
        name,
        involvedObject=_about(namespace),
        reason="Synced",
        message="synced",
        type="Normal",
        source={"component": "test"},
        count=1,
    )


def newer_event(namespace: str, name: str) -> Json:
    return _object(
        "events.k8s.io/v1",
        "Event",
        namespace,
        name,
        eventTime=_MOMENT,
        regarding=_about(namespace),
        reason="Synced",
        note="synced",
        type="Normal",
        action="Sync",
        reportingController="example.com/test",
        reportingInstance="test-1",
    )


def _about(namespace: str) -> Json:
    return {"apiVersion": IMAGES, "kind": "Repository", "namespace": namespace, "name": "held"}


def _object(version: str, kind: str, namespace: str, name: str, **more: Any) -> Json:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **more}


MAKE: Final[Mapping[str, Callable[[str, str], Json]]] = {
    f"{IMAGES}/registrysecrets": source,
    f"{IMAGES}/repositories": image,
    f"{RBAC}/roles": role,
    f"{RBAC}/clusterroles": role,
    f"{RBAC}/rolebindings": binding,
    f"{RBAC}/clusterrolebindings": binding,
    "v1/namespaces": namespace,
    "v1/events": event,
    "events.k8s.io/v1/events": newer_event,
}
"""By group, version and plural."""

_ASKED: Final = {"verb": "get", "group": IMAGES_GROUP, "resource": "repositories"}
REVIEWS: Final[Mapping[str, Callable[[str], Json]]] = {
    "selfsubjectaccessreviews": lambda _: {"resourceAttributes": _ASKED},
    "selfsubjectrulesreviews": lambda _: {"namespace": "default"},
    "subjectaccessreviews": lambda _: {"user": "somebody", "resourceAttributes": _ASKED},
    "localsubjectaccessreviews": lambda namespace: {
        "user": "somebody",
        "resourceAttributes": {**_ASKED, "namespace": namespace},
    },
    "selfsubjectreviews": lambda _: {},
    "tokenreviews": lambda _: {"token": "no-such-token"},
}
"""The spec of a question, by the plural of its kind."""
