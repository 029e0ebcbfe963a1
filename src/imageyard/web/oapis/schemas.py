"""JSON Schemas of what the REST door speaks, made from the same types that read and write it.

msgspec describes the types; added here is what Python's types do not say: fixed values, formats, grammars.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from imageyard.domain.kind import Kind
from imageyard.domain.kinds.registry_secret import PROVIDERS
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret
from imageyard.domain.text import Language
from imageyard.web.oapis.wording import FIELDS

Schema = dict[str, Any]

LABEL: Final = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
NAMESPACE: Final[Schema] = {"type": "string", "pattern": f"^{LABEL}$", "maxLength": 63}
SEGMENT: Final[Schema] = {"type": "string", "pattern": "^[^/]+$"}
NAME: Final[Schema] = {
    "type": "string",
    "pattern": r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
    "maxLength": 253,
}
DIGEST: Final[Schema] = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$"}
REPOSITORY: Final = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$"
DURATION: Final[Schema] = {"type": "string", "pattern": r"^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$"}

_PART: Final = "[A-Za-z0-9_.-]{1,64}"
LARGEST: Final = 2**63 - 1

CONSTRAINTS: Final[dict[str, Schema]] = {
    "ObjectMeta.name": NAME,
    "ObjectMeta.namespace": NAMESPACE,
    "RegistryRef.name": NAME,
    "RegistryRef.namespace": NAMESPACE,
    "RegistrySecretSpec.provider": {"enum": [*PROVIDERS]},
    "RegistrySecretSpec.domain": {"minLength": 1, "maxLength": 259},
    "RepositorySpec.repository": {"pattern": REPOSITORY, "maxLength": 255},
    "RepositorySpec.tag": {"pattern": "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$"},
    "RepositorySpec.syncInterval": DURATION,
    "RepositorySpec.syncTimeout": DURATION,
    "RepositorySpec.retryCount": {"minimum": 0, "maximum": 10},
    "RepositorySpec.platform": {"pattern": f"^{_PART}/{_PART}(/{_PART})?$"},
}
READ_ONLY: Final = frozenset(
    f"ObjectMeta.{name}"
    for name in ("uid", "generation", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
)


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def components(kinds: Sequence[Kind[Any]], answers: Sequence[type[Struct]], language: Language) -> dict[str, Schema]:
    """Every schema by name: the kinds, what they are made of, their lists, and the answers that are no objects."""
    types = [*(kind.type for kind in kinds), *answers]
    _, described = msgspec.json.schema_components(
        types, schema_hook=_secret, ref_template="#/components/schemas/{name}"
    )
    for struct in _structs(types):
        _refine(struct, described[struct.__name__], language)
    for kind in kinds:
        described |= _of_kind(kind, described[kind.name])
    return described


def _secret(type_: type) -> Schema:
    if type_ is Secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    raise NotImplementedError(f"no schema for {type_}")


def _structs(types: Sequence[Any]) -> Iterator[type[Struct]]:
    """The types and all structs inside them, each once."""
    seen: set[type[Struct]] = set()
    waiting = [*types]
    while waiting:
        type_ = waiting.pop()
        waiting.extend(get_args(type_))
        if isinstance(type_, type) and issubclass(type_, Struct) and type_ not in seen:
            seen.add(type_)
            waiting.extend(field.type for field in msgspec.structs.fields(type_))
            yield type_


def _refine(struct: type[Struct], schema: Schema, language: Language) -> None:
    """Say what the type does not: no other fields, no nulls, moments in RFC 3339, the grammar of names."""
    schema["additionalProperties"] = False
    schema.pop("description", None)
    schema.pop("title", None)
    for field in msgspec.structs.fields(struct):
        path = f"{struct.__name__}.{field.encode_name}"
        described = schema["properties"][field.encode_name]
        if not field.required:
            described = _without_null(described)
        if datetime in (field.type, *get_args(field.type)):
            described["format"] = "date-time"
        if described.get("type") == "integer":
            described |= {"format": "int64", "minimum": 0, "maximum": LARGEST}
        described |= CONSTRAINTS.get(path, {})
        if path in READ_ONLY:
            described["readOnly"] = True
        if path in FIELDS:
            described["description"] = FIELDS[path].speak(language)
        if struct is ObjectMeta:
            described = _or_null(described)
        schema["properties"][field.encode_name] = described


def _or_null(schema: Schema) -> Schema:
    """In metadata a null counts as absent, as Kubernetes reads it."""
    shown = {key: value for key, value in schema.items() if key in ("description", "readOnly")}
    return {**shown, "anyOf": [{key: value for key, value in schema.items() if key not in shown}, {"type": "null"}]}


def _without_null(schema: Schema) -> Schema:
    """An unset field is left out, never null."""
    if schema.get("default", ...) in (None, "", [], {}):
        schema = {key: value for key, value in schema.items() if key != "default"}
    some = [each for each in schema.get("anyOf", []) if each != {"type": "null"}]
    return {**{k: v for k, v in schema.items() if k != "anyOf"}, **some[0]} if len(some) == 1 else schema


def _of_kind(kind: Kind[Any], schema: Schema) -> dict[str, Schema]:
    """The kind as it is answered, as it is sent (`…Input`), and its list."""
    fixed = {"apiVersion": {"const": kind.api_version}, "kind": {"const": kind.name}}
    answered = {**schema, "properties": {**schema["properties"], **fixed}, "required": [*fixed, "metadata", "spec"]}
    answered["properties"]["status"] = {**schema["properties"]["status"], "readOnly": True}
    sent = {**answered, "required": [name for name in schema["required"] if name not in fixed]}
    sent["properties"] = {name: value for name, value in answered["properties"].items() if name != "status"}
    # An object that was read may be sent back; whatever its status is, it is ignored.
    sent["properties"]["status"] = {"description": schema["properties"]["status"].get("description", "")}
    listed = {
        "type": "object",
        "properties": {
            "apiVersion": {"const": kind.api_version},
            "kind": {"const": f"{kind.name}List"},
            "items": {"type": "array", "items": reference(kind.name)},
            "totalItems": {"type": "integer", "minimum": 0},
        },
        "required": ["apiVersion", "kind", "items", "totalItems"],
        "additionalProperties": False,
    }
    return {kind.name: answered, f"{kind.name}Input": sent, f"{kind.name}List": listed}
