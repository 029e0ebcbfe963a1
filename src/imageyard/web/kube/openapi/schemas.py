"""From types to the schemas Kubernetes' clients expect: named after group and version, one per struct.

OpenAPI 3.0 has no null type and ignores what stands beside a `$ref`; both shape what is written here.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from msgspec import Struct, inspect

from imageyard.domain import objects
from imageyard.domain.objects import Condition
from imageyard.domain.secret import Secret
from imageyard.web.kube.openapi import docstrings, meta
from imageyard.web.kube.resources import GroupVersion, Resource
from imageyard.web.oapis.schemas import CONSTRAINTS
from imageyard.web.oapis.wording import FIELDS

Schema = dict[str, Any]

META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1"
KEYED: Final[Mapping[type, str]] = {Condition: "type", meta.OwnerReference: "uid"}
"""Structs that lists hold by a key: appliers own entries, not the list."""
SETS: Final = frozenset(
    {
        "ObjectMeta.finalizers",
        "RegistrySecretSpec.allowedNamespaces",
        "RegistrySecretSpec.trustedRealmHosts",
    }
)
"""Lists whose entries have owners of their own. Every other list is owned as a whole."""
SHOWN_AS: Final[Mapping[type, type[Struct]]] = {objects.ObjectMeta: meta.ObjectMeta}
"""What is stored in one shape and served in a larger one."""
TIME: Final = f"{META}.Time"
REFERENCE: Final = "#/components/schemas/"


def reference(name: str) -> Schema:
    return {"$ref": REFERENCE + name}


def group_version_kind(at: GroupVersion, kind: str) -> dict[str, str]:
    return {"group": at.group, "kind": kind, "version": at.version}


def prefix(at: GroupVersion) -> str:
    """`io.k8s.api.core.v1`, `io.k8s.api.rbac.v1`, `io.theriseunion.image.v1alpha1`."""
    if not at.group or at.group.endswith(".k8s.io"):
        return f"io.k8s.api.{at.group.partition('.')[0] or 'core'}.{at.version}"
    return ".".join([*reversed(at.group.split(".")), at.version])


def name(at: GroupVersion, struct: type) -> str:
    shared = struct is Condition or struct.__module__ == meta.__name__
    return f"{META if shared else prefix(at)}.{struct.__name__}"


def of_resource(resource: Resource) -> dict[str, Schema]:
    """The kind, its list if it is stored, and every struct they are made of."""
    described = dict(_walk(resource.at, resource.body or meta.Review, {}))
    own = described.pop(name(resource.at, resource.body or meta.Review))
    if resource.row is not None and resource.row.view is not None:
        own["properties"] = {resource.row.view.path(field): told for field, told in own["properties"].items()}
    full = f"{prefix(resource.at)}.{resource.kind}"
    described[full] = own | {
        # An object can be sent without metadata where its name is in the path; the server tells when it is missed.
        "required": [each for each in own.get("required", []) if each != "metadata"],
        "x-kubernetes-group-version-kind": [group_version_kind(resource.at, resource.kind)],
    }
    if resource.row is not None:
        described |= _walk(resource.at, meta.ListMeta, {})
        described[f"{full}List"] = _list(resource, own["properties"], reference(full))
    return described


def of_structs(at: GroupVersion, structs: tuple[type[Struct], ...]) -> dict[str, Schema]:
    described: dict[str, Schema] = {}
    for struct in structs:
        described = _walk(at, struct, described)
    return described


def _list(resource: Resource, properties: Schema, item: Schema) -> Schema:
    return {
        "description": f"A list of {resource.plural}.",
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": properties["apiVersion"],
            "items": {"description": f"The {resource.plural}.", "type": "array", "items": item},
            "kind": properties["kind"],
            "metadata": {
                "description": "What every list has beside its items.",
                "allOf": [reference(f"{META}.ListMeta")],
            },
        },
        "x-kubernetes-group-version-kind": [group_version_kind(resource.at, f"{resource.kind}List")],
    }


def _walk(at: GroupVersion, struct: type, known: Mapping[str, Schema]) -> dict[str, Schema]:
    """`known` and the schemas of the struct and of all below it."""
    struct = SHOWN_AS.get(struct, struct)
    found = {**known}
    if name(at, struct) in found:
        return found
    found[name(at, struct)] = _struct(at, struct)
    for field in _fields(struct):
        for below in _structs(field.type):
            found = _walk(at, below, found)
    if any(_is_time(field.type) for field in _fields(struct)):
        found[TIME] = {"description": "A moment in RFC 3339.", "type": "string", "format": "date-time"}
    return found


def _fields(struct: type) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(struct)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{struct} is no struct")
    return described.fields


def _structs(type_: inspect.Type) -> Iterator[type]:
    """The structs that a field holds."""
    match type_:
        case inspect.StructType():
            yield type_.cls
        case inspect.ListType():
            yield from _structs(type_.item_type)
        case inspect.DictType():
            yield from _structs(type_.value_type)
        case inspect.UnionType():
            for member in type_.types:
                yield from _structs(member)


def _is_time(type_: inspect.Type) -> bool:
    return isinstance(_one(type_), inspect.DateTimeType)


def _one(type_: inspect.Type) -> inspect.Type:
    """The type itself of one that may be null: a field is left out then."""
    if isinstance(type_, inspect.UnionType):
        some = [each for each in type_.types if not isinstance(each, inspect.NoneType)]
        return some[0] if len(some) == 1 else type_
    return type_


def _struct(at: GroupVersion, struct: type) -> Schema:
    fields = sorted(_fields(struct), key=lambda field: field.encode_name)
    words = docstrings.of_fields(struct)
    schema: Schema = {"description": " ".join((struct.__doc__ or "").split()), "type": "object"}
    if required := [field.encode_name for field in fields if field.required]:
        schema["required"] = required
    if fields:
        schema["properties"] = {field.encode_name: _property(at, struct, field, words) for field in fields}
    return schema


def _property(at: GroupVersion, struct: type, field: inspect.Field, words: Mapping[str, str]) -> Schema:
    path = f"{struct.__name__}.{field.encode_name}"
    schema = _type(at, _one(field.type)) | CONSTRAINTS.get(path, {})
    if schema.get("type") == "array":
        schema |= _ownership(path, _one(field.type))
    if "$ref" in schema:
        schema = {"allOf": [schema]}
    if said := words.get(field.name) or (FIELDS[path].en if path in FIELDS else ""):
        schema = {"description": _sentence(said), **schema}
    if _is_stored(struct, field):
        schema["default"] = field.default
    return schema


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:].removesuffix(".") + "."


def _is_stored(struct: type, field: inspect.Field) -> bool:
    """Whether the field's default is written into the object when it is left out."""
    config: Any = struct.__struct_config__  # type: ignore[attr-defined]  # every msgspec.Struct has one
    return not config.omit_defaults and isinstance(field.default, str | int)


def _ownership(path: str, type_: inspect.Type) -> Schema:
    """How server-side apply and strategic merge share a list."""
    match type_:
        case inspect.ListType(item_type=inspect.StructType(cls=struct)) if struct in KEYED:
            return {
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": [KEYED[struct]],
                "x-kubernetes-patch-strategy": "merge",
                "x-kubernetes-patch-merge-key": KEYED[struct],
            }
    if path in SETS:
        return {"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"}
    return {"x-kubernetes-list-type": "atomic"}


def _type(at: GroupVersion, type_: inspect.Type) -> Schema:
    match type_:
        case inspect.StructType():
            return reference(name(at, SHOWN_AS.get(type_.cls, type_.cls)))
        case inspect.StrType():
            return {"type": "string"}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.IntType():
            return {"type": "integer", "format": "int64"}
        case inspect.DateTimeType():
            return reference(TIME)
        case inspect.LiteralType():
            return {"type": "string", "enum": [*type_.values]}
        case inspect.ListType():
            return {"type": "array", "items": _type(at, type_.item_type)}
        case inspect.DictType(value_type=inspect.AnyType()):
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        case inspect.DictType():
            return {"type": "object", "additionalProperties": _type(at, type_.value_type)}
        case inspect.CustomType(cls=cls) if cls is Secret:
            return {"type": "string", "format": "password", "writeOnly": True}
        case inspect.AnyType():
            return {"x-kubernetes-preserve-unknown-fields": True}
    raise NotImplementedError(f"no schema for {type_}")
