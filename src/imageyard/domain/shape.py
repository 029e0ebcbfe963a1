"""How an object's values are owned and merged, part by part: derived from a kind's types and its `topology`.

The words are those of Kubernetes' OpenAPI (x-kubernetes-list-type, x-kubernetes-map-type). Structs and maps are
granular, lists atomic, unless the kind's `topology` says otherwise.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from msgspec import Struct, inspect

from imageyard.domain import exact
from imageyard.domain.kind import ByKey, Kind, Topology
from imageyard.domain.objects import ObjectMeta

METADATA: Final[Mapping[str, Topology]] = {
    "metadata.finalizers": "set",
    "metadata.ownerReferences": ByKey("uid"),
    "metadata.ownerReferences[]": "atomic",
}
"""As Kubernetes has ObjectMeta."""
NEVER_OWNED: Final = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    }
)
"""Fields of metadata that belong to the server or tell which object it is."""


class Atomic(Struct, frozen=True):
    """A value that is owned and replaced as a whole."""


class Record(Struct, frozen=True):
    """An object with named fields. A field that is not listed is nobody's."""

    fields: dict[str, "Shape"]
    absent: dict[str, Any] = {}
    """Values that mean the same as leaving the field out, by its name: the stored form leaves them out."""
    everywhere: bool = False
    """Whether every object has it, so that nobody owns that it is there."""


class Dictionary(Struct, frozen=True):
    """An object with free keys."""

    item: "Shape"
    hidden: frozenset[str] = frozenset()
    """Keys that belong to the server."""


class Items(Struct, frozen=True):
    """A list whose items are told apart by the field `key`, or by their values when `key` is ""."""

    key: str
    item: "Shape"


Shape = Atomic | Record | Dictionary | Items
ATOMIC: Final = Atomic()


@cache
def of(kind: Kind[Any], subresource: str = "") -> Record:
    """The part of an object that a write of `subresource` changes: `status` that alone, all others the rest."""
    whole = _record(kind.type, "", {**METADATA, **kind.topology})
    if subresource == "status":
        return Record({"status": whole.fields["status"]}, everywhere=True)
    rest = {name: shape for name, shape in whole.fields.items() if name not in ("apiVersion", "kind", "status")}
    return Record({**rest, "metadata": _metadata(kind)}, everywhere=True)


def _metadata(kind: Kind[Any]) -> Record:
    meta = _record(ObjectMeta, "metadata", METADATA)
    owned = {name: shape for name, shape in meta.fields.items() if name not in NEVER_OWNED}
    owned["annotations"] = Dictionary(ATOMIC, kind.server_annotations)
    return Record(owned, meta.absent, everywhere=True)


def _record(struct: type, path: str, topology: Mapping[str, Topology]) -> Record:
    paths = {name: f"{path}.{name}" if path else name for name in exact.fields(struct)}
    owned = {name: told for name, told in exact.fields(struct).items() if topology.get(paths[name]) != "unowned"}
    omits = struct.__struct_config__.omit_defaults  # type: ignore[attr-defined]
    return Record(
        {name: _of(told.type, paths[name], topology) for name, told in owned.items()},
        {name: _default(told) for name, told in owned.items() if not told.required} if omits else {},
    )


def _default(told: inspect.Field) -> Any:
    if told.default_factory in (list, dict):
        return told.default_factory()
    return told.default


def _of(type_: inspect.Type, path: str, topology: Mapping[str, Topology]) -> Shape:
    told = topology.get(path)
    if told == "atomic":
        return ATOMIC
    match type_:
        case inspect.UnionType():
            [type_] = (member for member in type_.types if not isinstance(member, inspect.NoneType))
            return _of(type_, path, topology)
        case inspect.StructType():
            return _record(type_.cls, path, topology)
        case inspect.DictType():
            return Dictionary(_of(type_.value_type, f"{path}[]", topology))
        case inspect.ListType() if told == "set":
            return Items("", ATOMIC)
        case inspect.ListType() if isinstance(told, ByKey):
            return Items(told.key, _of(type_.item_type, f"{path}[]", topology))
    return ATOMIC
