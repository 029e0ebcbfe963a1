"""Changing a JSON document at one place, so that the readers behind the JSON reader are reached."""

import json
import random
from collections.abc import Iterator
from typing import Any, Final

STRANGE: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, 1, -1, 2**63, 2**64, -(2**63), 0.5, 1e308, "", "0", "a" * 300, "\x00", "\ud800", "。"),
    *("../..", "[]", "*", ".", "f:a", 'k:{"a":1}', "$patch", "replace", "/", "/-", "/a/0", "sha256:" + "0" * 64),
    *("2024-01-08T10:30:00Z", "0001-01-01T00:00:00+23:59", "1h", "add", "test", "move", "copy", "remove"),
    *([], {}, [[]], [{}], {"": {}}, ["a", "a"], [{"type": "Ready"}, {"type": "Ready"}]),
)


def mutated(data: bytes, chance: random.Random) -> bytes | None:
    """The document with a value replaced, dropped, doubled or moved; None for what is no JSON list or object."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    places = list(_places(document, 8))
    if not places:
        return None
    for _ in range(chance.randint(1, 3)):
        held, key = chance.choice(places)
        _change(held, key, chance, places)
    try:
        return json.dumps(document).encode()
    except (ValueError, RecursionError):  # a place was put into itself
        return None


def swollen(data: bytes, size: int, every: int = 1) -> Iterator[bytes]:
    """The document with one value after the other (of each so many) made large: as a text, a list and an object."""
    try:
        count = len(list(_places(json.loads(data), 8)))
    except (ValueError, RecursionError):
        return
    for at in range(0, count, every):
        document = json.loads(data)
        held, key = list(_places(document, 8))[at]
        value = held[key]
        copies = size // (len(json.dumps(value)) + 12)
        for large in ("a" * size, [value] * copies, {f"k{n}": value for n in range(copies)}):
            held[key] = large
            yield json.dumps(document).encode()


def _places(value: Any, levels: int) -> Iterator[tuple[Any, Any]]:
    """Where the values of a document stand: (list, index) and (object, key)."""
    if levels and isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key], levels - 1)


def _change(held: Any, key: Any, chance: random.Random, places: list[tuple[Any, Any]]) -> None:
    other, at = chance.choice(places)
    known = other.get(at) if isinstance(other, dict) else other[at] if at < len(other) else None
    put = chance.choice((chance.choice(STRANGE), known))
    if isinstance(held, list):
        held.insert(min(key, len(held)), put)
        if chance.random() < 0.5:
            held.pop()
    elif chance.random() < 0.2:
        held.pop(key, None)
    else:
        held[chance.choice((key, str(at), key.upper(), "x"))] = put
