"""Sets of fields of an object, as Kubernetes keeps and writes them (FieldsV1).

A path is made of elements, each kept as FieldsV1 writes it: `f:tag` a field, `k:{"type":"Ready"}` the item of a list
with that key, `v:"a"` the item of a set, `i:0` the item at a place.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

DEEPEST: Final = 64
"""Elements of a path, as many as any body has levels."""
MOST: Final = 100_000
"""Elements of a set: more than the names that an object of the largest size can hold."""

_SELF: Final = "."
_KINDS: Final = ("f:", "k:", "v:", "i:")


class InvalidFieldSet(ValueError):
    """What was read is no FieldsV1, or is over the bounds."""


class FieldSet(Struct, frozen=True):
    """A set, as the tree of its paths. `here`: the path that leads to this branch is a member itself, beside what lies
    below. No branch is empty, so two sets are equal when their trees are."""

    here: bool = False
    below: dict[str, "FieldSet"] = {}

    def __bool__(self) -> bool:
        return self.here or bool(self.below)

    def __or__(self, other: "FieldSet") -> "FieldSet":
        below = dict(self.below)
        for element, more in other.below.items():
            below[element] = below[element] | more if element in below else more
        return FieldSet(self.here or other.here, below)

    def __sub__(self, other: "FieldSet") -> "FieldSet":
        left = {
            element: branch - other.below[element] if element in other.below else branch
            for element, branch in self.below.items()
        }
        return FieldSet(self.here and not other.here, _not_empty(left))

    def __and__(self, other: "FieldSet") -> "FieldSet":
        shared = {
            element: branch & other.below[element] for element, branch in self.below.items() if element in other.below
        }
        return FieldSet(self.here and other.here, _not_empty(shared))

    def at(self, element: str) -> "FieldSet":
        """What lies below an element."""
        return self.below.get(element, EMPTY)

    def size(self) -> int:
        """How many elements its tree has."""
        return len(self.below) + sum(branch.size() for branch in self.below.values())

    def paths(self) -> Iterator[str]:
        """Its members as Kubernetes prints them, in its order: `.spec.tag`, `.status.conditions[type="Ready"]`."""
        return _paths(self, "")

    def write(self) -> dict[str, Any]:
        """Write as FieldsV1, in its canonical order."""
        written: dict[str, Any] = {_SELF: {}} if self.here and self.below else {}
        for element in sorted(self.below, key=_rank):
            written[element] = self.below[element].write()
        return written


EMPTY: Final = FieldSet()
MEMBER: Final = FieldSet(here=True)
"""A path that ends here."""


def field(name: str) -> str:
    """The element of a field or of a map's key."""
    return f"f:{name}"


def keyed(key: Mapping[str, Any]) -> str:
    """The element of a list item by its key."""
    return "k:" + _canonical(key)


def valued(value: object) -> str:
    """The element of a set's item."""
    return "v:" + _canonical(value)


def of_path(*names: str) -> FieldSet:
    """The set of one path of fields."""
    branch = MEMBER
    for name in reversed(names):
        branch = FieldSet(below={field(name): branch})
    return branch


def read(written: object) -> FieldSet:
    """Read FieldsV1. Raises InvalidFieldSet."""
    budget = [MOST]
    tree = _read(written, DEEPEST, budget)
    return FieldSet(below=tree.below)


def _read(written: object, levels: int, budget: list[int]) -> FieldSet:
    if not isinstance(written, Mapping) or levels < 0:
        raise InvalidFieldSet(f"a branch is an object, and at most {DEEPEST} levels deep")
    budget[0] -= len(written)
    if budget[0] < 0:
        raise InvalidFieldSet(f"a set has at most {MOST} elements")
    below: dict[str, FieldSet] = {}
    for element, branch in written.items():
        if element != _SELF:
            name = _element(element)
            read = _read(branch, levels - 1, budget)
            below[name] = below[name] | read if name in below else read
    return FieldSet(not below or _SELF in written, below)


def _element(written: str) -> str:
    """The element in its canonical form: another writer may space or order a key's JSON differently."""
    kind, rest = written[:2], written[2:]
    if kind not in _KINDS:
        raise InvalidFieldSet("an element begins with f:, k:, v: or i:")
    if kind == "f:":
        return written
    try:
        value = msgspec.json.decode(rest)
        canonical = kind + _canonical(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise InvalidFieldSet("a key, value or place is written in JSON") from None
    if kind == "k:" and not (isinstance(value, dict) and value):
        raise InvalidFieldSet("a key is an object of its fields")
    if kind == "i:" and (not isinstance(value, int) or isinstance(value, bool)):
        raise InvalidFieldSet("a place is a number")
    return canonical


def _canonical(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _rank(element: str) -> tuple[int, int, str]:
    kind, rest = element[:2], element[2:]
    return _KINDS.index(kind), int(rest) if kind == "i:" else 0, rest


def _paths(branch: FieldSet, prefix: str) -> Iterator[str]:
    # All members of a level come before what lies deeper.
    elements = [(branch.below[element], prefix + _printed(element)) for element in sorted(branch.below, key=_rank)]
    yield from (path for inner, path in elements if inner.here)
    for inner, path in elements:
        yield from _paths(inner, path)


def _printed(element: str) -> str:
    kind, rest = element[:2], element[2:]
    match kind:
        case "f:":
            return f".{rest}"
        case "k:":
            key = msgspec.json.decode(rest)
            return "[" + ",".join(f"{name}={_canonical(value)}" for name, value in key.items()) + "]"
        case "v:":
            return f"[={rest}]"
    return f"[{rest}]"


def _not_empty(branches: dict[str, FieldSet]) -> dict[str, FieldSet]:
    return {element: branch for element, branch in branches.items() if branch}
