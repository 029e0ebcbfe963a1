"""JSON as RFC 8259 has it, and stricter: no NaN, no duplicate keys, bounded depth and numbers.

The standard library's reader is used because it tells of every pair; faster readers drop duplicate keys in silence.
"""

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from imageyard.web import values


class _Twice(Exception):
    """A key is there twice; where, a second reading finds out."""


def parse(text: str, *, unique: bool = True) -> Any:
    """Raises BadRequest; Invalid naming the field for a duplicate key, unless keys need not be `unique`: then the last
    one counts."""
    try:
        value = _read(text) if unique else _LENIENT.decode(text)
    except json.JSONDecodeError as error:
        raise values.malformed("JSON", error.lineno, error.colno) from None
    except RecursionError:
        raise values.too_deep() from None
    if not values.is_surely_sound(text):
        values.check(value)
    return value


def _read(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except _Twice:
        # Outside this handler, because the second reading may meet a syntax error behind the duplicate.
        pass
    raise values.duplicate(_find_duplicate(text))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise _Twice
    return mapping


def _no_constant(name: str) -> NoReturn:
    raise values.not_finite()


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=values.integer, parse_float=values.number, parse_constant=_no_constant
)


_LENIENT = json.JSONDecoder(parse_int=values.integer, parse_float=values.number, parse_constant=_no_constant)


class _Pairs(list[tuple[str, Any]]):
    """An object with its duplicates."""


def _find_duplicate(text: str) -> str:
    """The path of the first duplicate key."""
    decoder = json.JSONDecoder(object_pairs_hook=_Pairs, parse_int=values.integer, parse_float=values.number)
    return next(_duplicates(decoder.decode(text), ""), "")


def _duplicates(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, child in value:
            here = values.below(path, key)
            if key in seen:
                yield here
            seen.add(key)
            yield from _duplicates(child, here)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _duplicates(child, values.item(path, place))
