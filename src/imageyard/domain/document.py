"""From a JSON document to a kind's type, telling every bad field rather than the first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import inspect

from imageyard.domain import exact, metadata
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, REQUIRED, TYPE_INVALID, UNKNOWN_FIELD, Cause
from imageyard.domain.kind import Kind, View
from imageyard.domain.objects import Object
from imageyard.domain.text import Text, excerpt

SHOWN: Final = 100
"""Causes and unknown fields told at once: a 3 MiB body may hold hundred thousands, the answer must not."""

_GIVEN: Final = frozenset({"apiVersion", "kind", "status"})
"""Fields of the envelope that are the kind's or the server's, whatever a document says."""
_OWN_WAYS: Final = _GIVEN | {"metadata"}
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
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Read(NamedTuple):
    """`object` is None when `causes` is not empty; `unknown` lists unknown fields' paths (pruned)."""

    object: Object | None
    causes: list[Cause]
    unknown: list[str]
    mended: Object | None
    """The object all the same, with something harmless in place of each bad field, so that the rules of the others can
    be asked; see `elsewhere`. None when more is bad than is told."""


def read(kind: Kind[Any], document: Mapping[str, Any], old: Object | None = None) -> Read:
    """Convert field by field. Unknown fields are reported in `unknown` and left out; a missing required field, a
    wrong type or a null each give one cause with its path. What a kind holds beside its metadata are the fields of its
    type: `spec`, or a role's `rules`. `status` and server-owned metadata (creationTimestamp,
    generation, selfLink, managedFields, deletionTimestamp …) may be anything and are dropped;
    `metadata.resourceVersion` and `metadata.uid` strings are kept as preconditions. As Kubernetes reads it, a null
    field of `metadata` is an absent one, and absent `apiVersion` and `kind` are the kind's.

    Never raises for a document made of JSON values. At most SHOWN causes and unknown fields are told. Values are
    never quoted, since any of them may be a password in the wrong place. In `mended`, a bad field is as it is in `old`
    where there is one."""
    if kind.view is not None:
        return _taken(kind, kind.view, document, old)
    crowded = metadata.crowded(document.get("metadata"))
    if crowded:
        rest = read(kind, {**document, "metadata": _thinned(document["metadata"], crowded)}, old)
        return Read(None, crowded + rest.causes, rest.unknown, rest.mended)
    flawless = _at_once(kind, document)
    return _walked(kind, document, old) if flawless is None else Read(flawless, [], [], flawless)


def flaws(struct: type, given: Mapping[str, Any]) -> list[Cause]:
    """What keeps a JSON object that is no object of a kind from being a `struct`: each bad field, unknown ones too, at
    most SHOWN. Converting one without flaws raises nothing."""
    reader = _Reader(updating=False)
    reader.struct(exact.fields(struct), given, "", {})
    return [*reader.causes, *map(stray, reader.unknown)][:SHOWN]


def stray(field: str) -> Cause:
    """The cause for a field that no one knows, where none may be sent."""
    return Cause(field, UNKNOWN_FIELD, Text("未知字段", "is an unknown field"))


def elsewhere(bad: Sequence[Cause], found: Iterable[Cause]) -> list[Cause]:
    """Of the rules that a mended object breaks, those of fields that are not bad already."""
    paths = {cause.field for cause in bad}
    within = tuple(f"{path}{more}" for path in paths for more in ".[")
    return [cause for cause in found if cause.field not in paths and not cause.field.startswith(within)]


def _thinned(given: Mapping[str, Any], crowded: Sequence[Cause]) -> Mapping[str, Any]:
    bad = {cause.field for cause in crowded}
    return {key: value for key, value in given.items() if f"metadata.{key}" not in bad}


def _taken(kind: Kind[Any], view: View, document: Mapping[str, Any], old: Object | None) -> Read:
    """What was written in the words of another API group, with what is wrong told in the same."""
    envelope = _Reader(updating=old is not None)
    envelope.same("apiVersion", document, kind.api_version)
    found = read(view.of, view.taken(document), old)
    causes = envelope.causes + [cause._replace(field=view.path(cause.field)) for cause in found.causes]
    unknown = [name for name in document if name in view.words] + [view.path(path) for path in found.unknown]
    return Read(None if causes else found.object, causes, unknown, found.mended)


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


def _walked(kind: Kind[Any], document: Mapping[str, Any], old: Object | None) -> Read:
    reader = _Reader(updating=old is not None)
    root: type = kind.type
    fields = exact.fields(root)
    held = {} if old is None else msgspec.to_builtins(old)
    reader.same("apiVersion", document, kind.api_version)
    reader.same("kind", document, kind.name)
    told = {**document, "metadata": _writable(document.get("metadata"))}
    read = reader.struct(
        {name: field for name, field in fields.items() if name not in _GIVEN},
        {name: value for name, value in told.items() if name not in _GIVEN & fields.keys()},
        "",
        held,
    )
    envelope = {**read, "apiVersion": kind.api_version, "kind": kind.name}
    causes, unknown = reader.causes[:SHOWN], reader.unknown[:SHOWN]
    mended = kind.convert(envelope) if len(causes) == len(reader.causes) else None
    return Read(None if causes else mended, causes, unknown, mended)


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
    """Walks a value along its type, collecting what is wrong; answers the value without unknown fields, and with what
    was `held` before, or something harmless, in place of what is wrong."""

    def __init__(self, *, updating: bool) -> None:
        self._updating = updating
        self.causes: list[Cause] = []
        self.unknown: list[str] = []

    def same(self, field: str, document: Mapping[str, Any], expected: str) -> None:
        value = document.get(field, expected)
        if value != expected:
            text = Text(f"应为“{expected}”", f"must be `{expected}`")
            self.causes.append(Cause(field, INVALID if isinstance(value, str) else TYPE_INVALID, text))

    def whole(self, type_: inspect.Type, value: Any, path: str, held: Any = _MISSING) -> Any:
        """A value that cannot be left out."""
        read = self._value(type_, value, path, held)
        return _harmless(type_) if read is _MISSING else read

    def _value(self, type_: inspect.Type, value: Any, path: str, held: Any) -> Any:
        """_MISSING for what is wrong and was not held before."""
        if value is _MISSING:
            self.causes.append(Cause(path, REQUIRED, Text("必填", "is required")))
            return held
        if isinstance(type_, inspect.UnionType):
            if value is None and any(isinstance(member, inspect.NoneType) for member in type_.types):
                return None
            [type_] = (member for member in type_.types if not isinstance(member, inspect.NoneType))
        expected = _EXPECTED[type(type_)]
        if not expected.accepts(value):
            text = Text(f"类型错误，应为{expected.called.zh}", f"has the wrong type; must be {expected.called.en}")
            if value is None and self._updating and isinstance(type_, inspect.CustomType):
                text = _NULL_SECRET
            self.causes.append(Cause(path, TYPE_INVALID, text))
            return held
        return self._inside(type_, value, path, held)

    def _inside(self, type_: inspect.Type, value: Any, path: str, held: Any) -> Any:
        match type_:
            case inspect.StructType():
                return self.struct(exact.fields(type_.cls), value, path, held)
            case inspect.DictType():
                return {
                    self.whole(type_.key_type, key, path): self.whole(type_.value_type, item, f"{path}[{excerpt(key)}]")
                    for key, item in value.items()
                }
            case inspect.ListType():
                return [self.whole(type_.item_type, item, f"{path}[{n}]") for n, item in enumerate(value)]
            case inspect.LiteralType() if value not in type_.values:
                choices = ", ".join(str(choice) for choice in type_.values)
                self.causes.append(Cause(path, NOT_SUPPORTED, Text(f"可选值：{choices}", f"must be one of: {choices}")))
                return held
        return value

    def struct(
        self, fields: Mapping[str, inspect.Field], value: Mapping[str, Any], path: str, held: Any
    ) -> dict[str, Any]:
        self.unknown.extend(_join(path, name) for name in value if name not in fields)
        before = held if isinstance(held, Mapping) else {}
        read = {}
        for name, field in fields.items():
            if name in value or field.required:
                walk = self.whole if field.required else self._value
                read[name] = walk(field.type, value.get(name, _MISSING), _join(path, name), before.get(name, _MISSING))
        return {name: each for name, each in read.items() if each is not _MISSING}


_NULL_SECRET: Final = Text(
    "不能为 null；不修改请去掉此字段", "must not be null; leave the field out to keep what is stored"
)


def _harmless(type_: inspect.Type) -> Any:
    """The emptiest value of a type."""
    match type_:
        case inspect.StructType():
            return {name: _harmless(each.type) for name, each in exact.fields(type_.cls).items() if each.required}
        case inspect.LiteralType():
            return type_.values[0]
        case inspect.UnionType():
            return _harmless(type_.types[0])
        case inspect.AnyType():
            return None
    return _EMPTY.get(type(type_), "")


_EMPTY: Final[Mapping[type[inspect.Type], Any]] = {
    inspect.DictType: {},
    inspect.ListType: [],
    inspect.BoolType: False,
    inspect.IntType: 0,
}


def _is_text(value: object) -> bool:
    # JSON can write half a surrogate pair (`\ud800`), which no UTF-8 can hold.
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(msgspec.convert(value, _Moment))
    except (msgspec.ValidationError, UnicodeEncodeError):
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
