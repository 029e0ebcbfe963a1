"""Owning, comparing, merging and pruning JSON values along their shape: what server-side apply is made of.

Pure and total: a value that does not fit its shape is taken as a whole, since admission tells what is wrong with it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from imageyard.domain import field_set
from imageyard.domain.errors import DUPLICATE, INVALID, REQUIRED, Cause
from imageyard.domain.field_set import EMPTY, MEMBER, FieldSet
from imageyard.domain.shape import ATOMIC, Atomic, Dictionary, Items, Record, Shape
from imageyard.domain.text import Text, excerpt

MISSING: Final = object()
"""The value of what is not there."""
MOST_PARTS: Final = 10_000
"""Keys or items of one object or list of a configuration that are owned one by one: each costs far more to merge than
to send. Of valid objects only one with annotations of very short keys could have more."""
SHOWN: Final = 100
"""Misfits told at once."""

_SCALARS: Final = (str, int, float, bool)


class Comparison(NamedTuple):
    """What differs between two values."""

    removed: FieldSet
    changed: FieldSet
    """Added or with another value."""


_SAME: Final = Comparison(EMPTY, EMPTY)


def owned(value: Any, shape: Shape) -> FieldSet:
    """The fields that a configuration which holds `value` lays claim to."""
    value = _seen(value, shape)
    parts = _parts(value, shape)
    if value is MISSING:
        return EMPTY
    if parts is None:
        return FieldSet(not _everywhere(shape))
    # An item is named by being there; a field that is no leaf is told by what lies below, unless nothing does.
    named = isinstance(shape, Dictionary | Items)
    below = {}
    for element, part in parts.items():
        claimed = owned(part, _within(shape, element))
        if named or claimed:
            below[element] = FieldSet(named or claimed.here, claimed.below)
    return FieldSet(value == {} and not _everywhere(shape), below)


def compare(old: Any, new: Any, shape: Shape) -> Comparison:
    """What a write that made `new` of `old` removed and changed; either may be MISSING."""
    old, new = _seen(old, shape), _seen(new, shape)
    if _is_same(old, new):
        return _SAME
    olds, news = _parts(old, shape), _parts(new, shape)
    if olds is None or news is None:
        if (olds is None or old is MISSING) and (news is None or new is MISSING):
            return _compare_whole(old, new)
        return Comparison(compare(old, MISSING, shape).removed, compare(MISSING, new, shape).changed)
    removed: dict[str, FieldSet] = {}
    changed: dict[str, FieldSet] = {}
    for element in olds | news:
        before, after = olds.get(element, MISSING), news.get(element, MISSING)
        if _is_left_out(shape, element, before, after):
            continue
        inner = compare(before, after, _within(shape, element))
        if inner.removed:
            removed[element] = inner.removed
        if inner.changed:
            changed[element] = inner.changed
    nobodys = _everywhere(shape)
    return Comparison(
        FieldSet(new is MISSING and not nobodys, removed), FieldSet(old is MISSING and not nobodys, changed)
    )


def merge(live: Any, config: Any, shape: Shape) -> Any:
    """`live` with everything that `config` says. The result shares parts with both."""
    match shape:
        case Record() | Dictionary() if isinstance(live, Mapping) and isinstance(config, Mapping):
            merged = {
                name: merge(live[name], value, _within(shape, field_set.field(name))) if name in live else value
                for name, value in config.items()
            }
            return {**live, **merged}
        case Items():
            lives, configs = _parts(live, shape), _parts(config, shape)
            if live is not MISSING and lives is not None and configs is not None:
                return list(_merged_items(lives, configs, shape))
    return config


def prune(value: Any, gone: FieldSet, kept: FieldSet, shape: Shape) -> Any:
    """`value` without what is in `gone`. What that empties goes too, unless it is in `kept`."""
    match shape:
        case Record() | Dictionary() if isinstance(value, Mapping):
            elements = {name: field_set.field(name) for name in value}
            pruned = {
                name: _pruned(part, gone, kept, shape, elements[name]) if elements[name] in gone.below else part
                for name, part in value.items()
            }
            return {name: part for name, part in pruned.items() if part is not MISSING}
        case Items():
            parts = _parts(value, shape)
            if parts is not None:
                items = (
                    _pruned(part, gone, kept, shape, element) if element in gone.below else part
                    for element, part in parts.items()
                )
                return [item for item in items if item is not MISSING]
    return value


def misfits(value: Any, shape: Shape, path: str = "") -> list[Cause]:
    """Lists and objects of a configuration that have too many parts, and list items that cannot be told apart: without
    their key, or twice there."""
    causes: list[Cause] = []
    for cause in _misfits(value, shape, path):
        causes.append(cause)
        if len(causes) == SHOWN:
            break
    return causes


def _compare_whole(old: Any, new: Any) -> Comparison:
    if old is MISSING:
        return Comparison(EMPTY, MEMBER)
    return Comparison(MEMBER, EMPTY) if new is MISSING else Comparison(EMPTY, MEMBER)


def _is_same(old: Any, new: Any) -> bool:
    if old is new or (type(old) is type(new) and isinstance(old, _SCALARS)):
        return bool(old == new)
    # Python holds 1 and True for equal, JSON does not.
    return bool(old == new) and _written(old) == _written(new)


def _written(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _is_left_out(shape: Shape, element: str, before: Any, after: Any) -> bool:
    """Whether a field was left out and written with the value that this means, or the other way round."""
    if not isinstance(shape, Record) or (before is MISSING) == (after is MISSING):
        return False
    name = element[2:]
    return name in shape.absent and _is_same(shape.absent[name], after if before is MISSING else before)


def _seen(value: Any, shape: Shape) -> Any:
    """A value without the keys that belong to the server; MISSING when it has no others."""
    if not isinstance(shape, Dictionary) or not shape.hidden or not isinstance(value, Mapping):
        return value
    return {key: item for key, item in value.items() if key not in shape.hidden} or MISSING


def _parts(value: Any, shape: Shape) -> dict[str, Any] | None:
    """The parts of a value by their elements, none of MISSING; None for what is owned as a whole."""
    if isinstance(shape, Atomic):
        return None
    if value is MISSING:
        return {}
    match shape:
        case Record() if isinstance(value, Mapping):
            return {field_set.field(name): value[name] for name in shape.fields if name in value}
        case Dictionary() if isinstance(value, Mapping):
            return {field_set.field(name): part for name, part in value.items()}
        case Items() if isinstance(value, list):
            items = {_element(item, shape): item for item in value}
            return None if "" in items else items
    return None


def _element(item: Any, shape: Items) -> str:
    """The element of a list item, "" for one that cannot be told apart."""
    if not shape.key:
        return field_set.valued(item) if isinstance(item, _SCALARS) else ""
    key = item.get(shape.key) if isinstance(item, Mapping) else None
    return field_set.keyed({shape.key: key}) if isinstance(key, _SCALARS) else ""


def _within(shape: Shape, element: str) -> Shape:
    match shape:
        case Record():
            return shape.fields.get(element[2:], ATOMIC)
        case Dictionary() | Items():
            return shape.item
    return ATOMIC


def _everywhere(shape: Shape) -> bool:
    return isinstance(shape, Record) and shape.everywhere


def _merged_items(lives: Mapping[str, Any], configs: Mapping[str, Any], shape: Items) -> Iterator[Any]:
    """The items of the configuration in its order, each of the other live ones after the item that it followed."""
    following: dict[str, list[Any]] = {}
    last = ""
    for element, item in lives.items():
        if element in configs:
            last = element
        else:
            following.setdefault(last, []).append(item)
    yield from following.get("", ())
    for element, item in configs.items():
        yield merge(lives[element], item, shape.item) if element in lives else item
        yield from following.get(element, ())


def _pruned(part: Any, gone: FieldSet, kept: FieldSet, shape: Shape, element: str) -> Any:
    going, staying, inner = gone.at(element), kept.at(element), _within(shape, element)
    # An item goes with all that is in it; a field stays for the sake of what is kept below it.
    if going.here and (not isinstance(shape, Record) or not staying):
        return MISSING
    pruned = prune(part, going, staying, inner)
    return MISSING if part and pruned in ({}, []) and not staying.here else pruned


def _misfits(value: Any, shape: Shape, path: str) -> Iterator[Cause]:
    if isinstance(shape, Items | Dictionary) and isinstance(value, list | Mapping) and len(value) > MOST_PARTS:
        yield Cause(path, INVALID, Text(f"最多 {MOST_PARTS:,} 项", f"has at most {MOST_PARTS:,} entries"))
    elif isinstance(shape, Items):
        yield from _item_misfits(value, shape, path) if isinstance(value, list) else ()
    elif isinstance(shape, Record) and isinstance(value, Mapping):
        for name, inner in shape.fields.items():
            if name in value:
                yield from _misfits(value[name], inner, f"{path}.{name}" if path else name)


def _item_misfits(items: list[Any], shape: Items, path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for n, item in enumerate(items):
        element = _element(item, shape)
        if not element and isinstance(item, Mapping) and shape.key:
            yield Cause(f"{path}[{n}].{shape.key}", REQUIRED, Text("必填", "is required"))
        elif element and element in seen:
            shown = excerpt(element[2:])
            yield Cause(f"{path}[{n}]", DUPLICATE, Text(f"重复：{shown}", f"is there twice: {shown}"))
        seen.add(element)
