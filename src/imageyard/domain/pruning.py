"""A JSON value without what its type does not know. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import inspect

from imageyard.domain import exact

_SCALARS: Final[Mapping[type[inspect.Type], type]] = {
    inspect.StrType: str,
    inspect.BoolType: bool,
    inspect.DateTimeType: str,
}
_NOTHING: Final = object()


def pruned(struct: type, value: Mapping[str, Any]) -> dict[str, Any]:
    """The value with what `struct` knows and nothing else. A known field that holds another type than its own is left
    out, and so is a secret; null stays."""
    kept = {
        name: inner
        for name, field in exact.fields(struct).items()
        if name in value and (inner := _of(field.type, value[name])) is not _NOTHING
    }
    return {name: kept[name] for name in value if name in kept}


def _of(type_: inspect.Type, value: object) -> object:
    """_NOTHING for what the type does not hold, and for a value that may be anything."""
    match type_, value:
        case _, None:
            return None
        case inspect.UnionType(), _:
            told = [_of(member, value) for member in type_.types]
            return next((each for each in told if each is not _NOTHING), _NOTHING)
        case inspect.StructType(), dict():
            return pruned(type_.cls, value)
        case inspect.DictType(), dict():
            inside = {key: _of(type_.value_type, each) for key, each in value.items()}
            return {key: each for key, each in inside.items() if each is not _NOTHING}
        case inspect.ListType(), list():
            items = [_of(type_.item_type, each) for each in value]
            return [each for each in items if each is not _NOTHING]
        case inspect.LiteralType(), str():
            return value if value in type_.values else _NOTHING
        case inspect.IntType(), _:
            return value if exact.is_integer(value) else _NOTHING
    scalar = _SCALARS.get(type(type_))
    return value if scalar is not None and isinstance(value, scalar) else _NOTHING
