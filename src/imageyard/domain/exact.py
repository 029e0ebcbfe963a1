"""What msgspec's conversion lets pass and the API does not: unknown fields, 3.0 for 3, integers beyond 64 bits."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec import inspect

Test = Callable[[Any], bool]


@cache
def fields(type_: type) -> dict[str, inspect.Field]:
    """The fields of a struct, by their names in JSON."""
    described = inspect.type_info(type_)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{type_} is no struct")
    return {field.encode_name: field for field in described.fields}


def is_integer(value: object) -> bool:
    """Whether it is an integer that can be written back."""
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


@cache
def of(struct: type) -> Test:
    """A test for a JSON object that was converted to `struct` without an error."""
    known = fields(struct)
    names, tests = known.keys(), [(name, test) for name, field in known.items() if (test := _of(field.type))]

    def passes(value: Mapping[str, Any]) -> bool:
        if not value.keys() <= names:
            return False
        for name, test in tests:  # noqa: SIM110 - a generator would cost as much as the tests
            if name in value and not test(value[name]):
                return False
        return True

    return passes


def _of(type_: inspect.Type) -> Test | None:
    """None for a type that conversion is exact about."""
    match type_:
        case inspect.StructType():
            return of(type_.cls)
        case inspect.IntType():
            return is_integer
        case inspect.UnionType():
            tests = [test for member in type_.types if (test := _of(member))]
            return _unless_none(*tests) if tests else None
        case inspect.ListType():
            return (test := _of(type_.item_type)) and _all(list, test)
        case inspect.DictType():
            return (test := _of(type_.value_type)) and _all(dict.values, test)
    return None


def _unless_none(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _all(items: Callable[[Any], Any], test: Test) -> Test:
    return lambda value: all(map(test, items(value)))
