"""From a JSON document to a kind's type, telling every bad field rather than the first."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from imageyard.domain import exact, metadata
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, REQUIRED, TYPE_INVALID, Cause
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Object
from imageyard.domain.text import Text, excerpt

SHOWN: Final = 100
"""Causes and unknown fields told at once: a 3 MiB body may hold hundred thousands, the answer must not."""

_OWN_WAYS: Final = frozenset({"apiVersion", "kind", "metadata", "status"})
"""Fields of the envelope that are read by rules of their own; the others are the kind's content."""
_SERVER_OWNED: Final = frozenset(
    {
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    }
)
_MISSING: Final = object()


class Read(NamedTuple):
    """`object` is None when `causes` is not empty; `unknown` lists unknown fields' paths (pruned)."""

    object: Object | None
    causes: list[Cause]
    unknown: list[str]


def read(kind: Kind[Any], document: Mapping[str, Any]) -> Read:
    """Convert field by field. Unknown fields are reported in `unknown` and left out; a missing required field, a
    wrong type or a null each give one cause with its path. What a kind holds beside its metadata are the fields of its
    type: `spec`, or a role's `rules`. `status` and server-owned metadata (creationTimestamp,
    generation, selfLink, managedFields, deletionTimestamp …) may be anything and are dropped;
    `metadata.resourceVersion` and `metadata.uid` strings are kept as preconditions. As Kubernetes reads it, a null
    field of `metadata` is an absent one, and absent `apiVersion` and `kind` are the kind's.

    Never raises for a document made of JSON values. At most SHOWN causes and unknown fields are told. Values are
    never quoted, since any of them may be a password in the wrong place. Of a document with crowded metadata nothing
    else is told."""
    crowded = metadata.crowded(document.get("metadata"))
    if crowded:
        return Read(None, crowded, [])
    flawless = _at_once(kind, document)
    return _walked(kind, document) if flawless is None else Read(flawless, [], [])


def _at_once(kind: Kind[Any], document: Mapping[str, Any]) -> Object | None:
    """What nearly every document is, one without a flaw, in a tenth of the time that the walk takes; None for one
    that may have flaws."""
    root: type = kind.type
    if not document.keys() <= exact.fields(root).keys():
        return None
    if document.get("apiVersion", kind.api_version) != kind.api_version or document.get("kind", kind.name) != kind.name:
        return None
    envelope = {name: value for name, value in document.items() if name not in _OWN_WAYS}
    envelope |= {"apiVersion": kind.api_version, "kind": kind.name, "metadata": _writable(document.get("metadata"))}
    try:
        converted: Object = kind.convert(envelope)
        msgspec.json.encode(envelope)  # refuses half surrogate pairs, which no conversion looks for
    except (msgspec.ValidationError, UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        return None
    return converted if exact.of(root)(envelope) else None


def _walked(kind: Kind[Any], document: Mapping[str, Any]) -> Read:
    reader = _Reader()
    root: type = kind.type
    fields = exact.fields(root)
    reader.same("apiVersion", document, kind.api_version)
    reader.same("kind", document, kind.name)
    reader.unknown.extend(_join("", name) for name in document if name not in fields)
    envelope = {"apiVersion": kind.api_version, "kind": kind.name}
    envelope["metadata"] = reader.value(fields["metadata"].type, _writable(document.get("metadata")), "metadata")
    for name, field in fields.items():
        if name not in _OWN_WAYS and (name in document or field.required):
            envelope[name] = reader.value(field.type, document.get(name, _MISSING), name)
    causes, unknown = reader.causes[:SHOWN], reader.unknown[:SHOWN]
    return Read(None, causes, unknown) if causes else Read(kind.convert(envelope), [], unknown)


def _writable(given: object) -> object:
    """What a caller may say of `metadata`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        return given
    kept = {key: value for key, value in given.items() if value is not None and key not in _SERVER_OWNED}
    if not _is_text(kept.get("uid", "")):
        del kept["uid"]
    return kept


def _join(path: str, name: str) -> str:
    shown = excerpt(name)
    return f"{path}.{shown}" if path else shown


class _Reader:
    """Walks a value along its type, collecting what is wrong; answers the value without unknown fields."""

    def __init__(self) -> None:
        self.causes: list[Cause] = []
        self.unknown: list[str] = []

    def same(self, field: str, document: Mapping[str, Any], expected: str) -> None:
        value = document.get(field, expected)
        if value != expected:
            text = Text(f"应为“{expected}”", f"must be `{expected}`")
            self.causes.append(Cause(field, INVALID if isinstance(value, str) else TYPE_INVALID, text))

    def value(self, type_: inspect.Type, value: Any, path: str) -> Any:
        if value is _MISSING:
            self.causes.append(Cause(path, REQUIRED, Text("必填", "is required")))
            return None
        if isinstance(type_, inspect.UnionType):
            if value is None and any(isinstance(member, inspect.NoneType) for member in type_.types):
                return None
            [type_] = (member for member in type_.types if not isinstance(member, inspect.NoneType))
        expected = _EXPECTED[type(type_)]
        if not expected.accepts(value):
            text = Text(f"类型错误，应为{expected.called.zh}", f"has the wrong type; must be {expected.called.en}")
            self.causes.append(Cause(path, TYPE_INVALID, text))
            return None
        return self._inside(type_, value, path)

    def _inside(self, type_: inspect.Type, value: Any, path: str) -> Any:
        match type_:
            case inspect.StructType():
                return self._struct(exact.fields(type_.cls), value, path)
            case inspect.DictType():
                return {
                    self.value(type_.key_type, key, path): self.value(type_.value_type, item, f"{path}[{excerpt(key)}]")
                    for key, item in value.items()
                }
            case inspect.ListType():
                return [self.value(type_.item_type, item, f"{path}[{n}]") for n, item in enumerate(value)]
            case inspect.LiteralType():
                return self._choice(type_, value, path)
        return value

    def _struct(self, fields: Mapping[str, inspect.Field], value: Mapping[str, Any], path: str) -> dict[str, Any]:
        self.unknown.extend(_join(path, name) for name in value if name not in fields)
        return {
            name: self.value(field.type, value.get(name, _MISSING), _join(path, name))
            for name, field in fields.items()
            if name in value or field.required
        }

    def _choice(self, type_: inspect.LiteralType, value: str, path: str) -> str:
        if value not in type_.values:
            choices = ", ".join(str(choice) for choice in type_.values)
            self.causes.append(Cause(path, NOT_SUPPORTED, Text(f"可选值：{choices}", f"must be one of: {choices}")))
        return value


def _is_text(value: object) -> bool:
    # JSON can write half a surrogate pair (`\ud800`), which no UTF-8 can hold.
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(msgspec.convert(value, datetime))
    except msgspec.ValidationError:
        return False


def _is_anything(value: object) -> bool:
    try:
        return msgspec.json.encode(value) is not None
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError):
        return False


class _Expected(NamedTuple):
    """What a type is called in JSON's words, and whether a value is of it."""

    called: Text
    accepts: Callable[[object], bool]


_OBJECT: Final = _Expected(Text("对象", "an object"), lambda value: isinstance(value, Mapping))
_STRING: Final = _Expected(Text("字符串", "a string"), _is_text)
_EXPECTED: Final[Mapping[type[inspect.Type], _Expected]] = {
    inspect.StructType: _OBJECT,
    inspect.DictType: _OBJECT,
    inspect.ListType: _Expected(Text("列表", "a list"), lambda value: isinstance(value, list)),
    inspect.StrType: _STRING,
    inspect.LiteralType: _STRING,
    inspect.CustomType: _STRING,  # Secret, the one custom type there is
    inspect.BoolType: _Expected(Text("布尔值 true 或 false", "true or false"), lambda value: isinstance(value, bool)),
    inspect.IntType: _Expected(Text("整数", "an integer"), exact.is_integer),
    inspect.DateTimeType: _Expected(
        Text("RFC 3339 时间，例如 2024-01-08T10:30:00Z", "an RFC 3339 time such as 2024-01-08T10:30:00Z"), _is_time
    ),
    inspect.AnyType: _Expected(Text("有效的 JSON 值", "a JSON value"), _is_anything),
}
