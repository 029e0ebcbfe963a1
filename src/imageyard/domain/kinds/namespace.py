"""Namespace: core/v1, cluster-scoped. `default` always exists and cannot be deleted."""

from typing import Any, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from imageyard.domain import metadata, names
from imageyard.domain.columns import AGE, NAME, Column
from imageyard.domain.errors import Cause
from imageyard.domain.kind import VERBS, Index, Kind
from imageyard.domain.objects import Object

DEFAULT = "default"
NAME_LABEL = "kubernetes.io/metadata.name"


class NamespaceSpec(Struct, omit_defaults=True):
    """What keeps a namespace."""

    finalizers: list[str] = []
    """Who has to empty the namespace before it goes."""


class NamespaceStatus(Struct):
    """Where a namespace is in its life."""

    phase: Literal["Active", "Terminating"] = "Active"
    """Terminating from its deletion until it is empty; nothing can be created in it then."""


class Namespace(Object, kw_only=True):
    """Keeps names apart, and is what rights are given in."""

    spec: NamespaceSpec = field(default_factory=NamespaceSpec)
    """What keeps it."""
    status: NamespaceStatus = field(default_factory=NamespaceStatus)
    """Where it is in its life."""


def labelled(namespace: Namespace) -> Namespace:
    """With the label that lets selectors name it; nobody takes it off."""
    meta = namespace.metadata
    return replace(namespace, metadata=replace(meta, labels={**meta.labels, NAME_LABEL: meta.name}))


def index(namespace: Namespace) -> Index:
    return Index(search=(namespace.metadata.name,), status=namespace.status.phase)


def validate(new: Namespace, old: Namespace | None) -> list[Cause]:
    """The name is a DNS-1123 label of at most 63 characters."""
    causes = metadata.check(new.metadata, namespaced=False)
    if any(cause.field == "metadata.name" for cause in causes) or not new.metadata.name:
        return causes
    return causes + names.namespace("metadata.name", new.metadata.name)


COLUMNS: Final = (
    NAME,
    Column("Status", "string", lambda namespace, now: namespace.status.phase, "Active, or Terminating while it goes."),
    AGE,
)

KIND: Kind[Any] = Kind(
    name="Namespace",
    plural="namespaces",
    singular="namespace",
    group="",
    version="v1",
    namespaced=False,
    type=Namespace,
    index=index,
    validate=validate,
    short_names=("ns",),
    topology={"spec": "unowned"},
    categories=(),
    verbs=tuple(verb for verb in VERBS if verb != "deletecollection"),
    columns=COLUMNS,
)
