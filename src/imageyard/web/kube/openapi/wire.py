"""The protobuf wire format, as far as it takes to write a document: encoders that put together make a message.

An encoder writes a value under a field's number. Source: https://protobuf.dev/programming-guides/encoding/
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

Encoder = Callable[[int, Any], bytes]
Place = tuple[int, Encoder]
"""A field's number, and how it is written."""
Places = Mapping[str, Place]

_VARINT: Final = 0
_DOUBLE: Final = 1
_DELIMITED: Final = 2


def string(number: int, value: str) -> bytes:
    return delimited(number, value.encode())


def integer(number: int, value: int) -> bytes:
    """A non-negative integer, or a truth value."""
    return _tag(number, _VARINT) + _varint(value)


def double(number: int, value: float) -> bytes:
    return _tag(number, _DOUBLE) + struct.pack("<d", value)


def delimited(number: int, payload: bytes) -> bytes:
    return _tag(number, _DELIMITED) + _varint(len(payload)) + payload


def repeated(encoder: Encoder) -> Encoder:
    return lambda number, values: b"".join(encoder(number, each) for each in values)


def fields(places: Places, value: Mapping[str, Any], others: Place | None = None) -> bytes:
    """What is inside a message: each key's value at its place. `others` takes the keys that have none, as a mapping.
    Raises KeyError where there is no `others`."""
    placed = [places[key][1](places[key][0], each) for key, each in value.items() if key in places]
    unknown = {key: each for key, each in value.items() if key not in places}
    if unknown and others is None:
        raise KeyError(*unknown)
    return b"".join(placed) + (others[1](others[0], unknown) if others else b"")


def message(places: Places, others: Place | None = None) -> Encoder:
    return lambda number, value: delimited(number, fields(places, value, others))


def inside(number: int, encoder: Encoder) -> Encoder:
    """A message that has nothing but the value in it, under a number of its own."""
    return lambda outer, value: delimited(outer, encoder(number, value))


def named(encoder: Encoder) -> Encoder:
    """A mapping, as repeated pairs of a name (1) and a value (2)."""
    return lambda number, values: b"".join(
        delimited(number, string(1, name) + encoder(2, value)) for name, value in values.items()
    )


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
