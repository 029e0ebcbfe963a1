"""JSON as it may be trusted from a stranger: strict UTF-8, no repeated keys, no NaN, bounded in depth and count."""

import json
import math
from collections.abc import Iterable
from typing import Final

MAX_VALUES: Final = 200_000
"""Values in one document. 4 MiB of `[[],[],…` would otherwise grow to a hundred times that in memory."""


MAX_DEPTH: Final = 64
"""Levels of lists and objects. The interpreter's own limit is another on every version and platform."""


class BadJSON(ValueError):
    """The bytes are no JSON that we take. Its text never quotes them."""


class RepeatedKey(BadJSON):
    """An object has a key twice: two readers could see two different documents (CVE-2021-41190)."""


def read(body: bytes) -> object:
    """Parse a document. Raises BadJSON."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_VALUES:
        raise BadJSON("too many values")
    try:
        document = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=_finite
        )
    except BadJSON:
        raise
    except (ValueError, RecursionError):
        raise BadJSON("no JSON, or nested too deeply") from None
    if _depth_exceeds(document, MAX_DEPTH):
        raise BadJSON("nested too deeply")
    return document


def _depth_exceeds(document: object, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        level = [child for value in level for child in _children(value)]
        if not level:
            return False
    return any(isinstance(value, dict | list) for value in level)


def _children(value: object) -> Iterable[object]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RepeatedKey("a key is given twice")
    return found


def _finite(text: str) -> float:
    """A number that can be written again: 1e999 is read as infinity, which JSON cannot say."""
    value = float(text)
    if math.isinf(value):
        raise BadJSON("a number is too large")
    return value


def _no_constant(_: str) -> object:
    raise BadJSON("NaN and Infinity are no JSON")
