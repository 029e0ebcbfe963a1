"""What changed from one content of an image to another: layers, config, platforms. Pure; plain values in and out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final, Literal

from imageyard.web.console.contents import ConfigShown, LayerRow

Change = Literal["kept", "added", "removed"]
_SINGLE: Final = ("entrypoint", "command", "user", "working_dir", "stop_signal")
_SEVERAL: Final = ("environment", "ports", "volumes")


@dataclass(frozen=True, slots=True)
class LayerChange:
    """A place in the two stacks, set side by side: what was only there before was removed, what is only there after
    was added."""

    change: Change
    before: LayerRow | None
    after: LayerRow | None

    @property
    def layer(self) -> LayerRow:
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one of them is there
        return found


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value that differs; "" where there is none."""

    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SetChange:
    """Names that came and names that went."""

    field: str
    added: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layers:
    rows: tuple[LayerChange, ...]
    kept: int
    added: int
    removed: int
    added_bytes: int
    removed_bytes: int
    new_bytes: int
    """What a host that has the former still has to pull: a layer that only moved is there already."""


@dataclass(frozen=True, slots=True)
class Config:
    values: tuple[ValueChange, ...]
    sets: tuple[SetChange, ...]
    labels: tuple[ValueChange, ...]

    @property
    def same(self) -> bool:
        return not (self.values or self.sets or self.labels)


@dataclass(frozen=True, slots=True)
class Platforms:
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    """Those with another content."""
    kept: tuple[str, ...]


def layers(before: Sequence[LayerRow], after: Sequence[LayerRow]) -> Layers:
    """Both stacks as one list, in their order. Steps that made no layer are left out."""
    old, new = ([each for each in side if each.number] for side in (before, after))
    pairs = common([each.digest for each in old], [each.digest for each in new])
    rows: list[LayerChange] = []
    left = right = 0
    for pair in (*pairs, (len(old), len(new))):
        rows += [LayerChange("removed", each, None) for each in old[left : pair[0]]]
        rows += [LayerChange("added", None, each) for each in new[right : pair[1]]]
        if pair[0] < len(old):
            rows.append(LayerChange("kept", old[pair[0]], new[pair[1]]))
        left, right = pair[0] + 1, pair[1] + 1
    had = {each.digest for each in old}
    missing = {each.digest: each.bytes for each in new if each.digest not in had}
    return Layers(
        tuple(rows),
        kept=len(pairs),
        added=len(new) - len(pairs),
        removed=len(old) - len(pairs),
        added_bytes=sum(row.layer.bytes for row in rows if row.change == "added"),
        removed_bytes=sum(row.layer.bytes for row in rows if row.change == "removed"),
        new_bytes=sum(missing.values()),
    )


def common(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence. Images share the beginning as a rule and sometimes the end, so little is
    left for the table, whose rows and columns are layers: some hundreds at most."""
    head = sum(1 for _ in takewhile(_same, zip(before, after, strict=False)))
    rest = min(len(before), len(after)) - head
    ends = zip(reversed(before), reversed(after), strict=False)
    tail = min(rest, sum(1 for _ in takewhile(_same, ends)))
    middle = _longest(before[head : len(before) - tail], after[head : len(after) - tail])
    found = [(at, at) for at in range(head)]
    found += [(head + left, head + right) for left, right in middle]
    return found + [(len(before) - back, len(after) - back) for back in range(tail, 0, -1)]


def _longest(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int]]:
    lengths = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for left in range(len(before) - 1, -1, -1):
        row, below, wanted = lengths[left], lengths[left + 1], before[left]
        for right in range(len(after) - 1, -1, -1):
            row[right] = below[right + 1] + 1 if wanted == after[right] else max(below[right], row[right + 1])
    found, left, right = [], 0, 0
    while left < len(before) and right < len(after):
        if before[left] == after[right]:
            found.append((left, right))
            left, right = left + 1, right + 1
        elif lengths[left + 1][right] >= lengths[left][right + 1]:
            left += 1
        else:
            right += 1
    return found


def _same(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def config(before: ConfigShown, after: ConfigShown) -> Config:
    values = [ValueChange(field, _said(before, field), _said(after, field)) for field in _SINGLE]
    sets = [names(field, getattr(before, field), getattr(after, field)) for field in _SEVERAL]
    old, new = dict(before.labels), dict(after.labels)
    labels = [ValueChange(key, old.get(key, ""), new.get(key, "")) for key in dict.fromkeys((*old, *new))]
    return Config(
        tuple(each for each in values if each.before != each.after),
        tuple(each for each in sets if each.added or each.removed),
        tuple(each for each in labels if each.before != each.after or (each.field in old) != (each.field in new)),
    )


def names(field: str, before: Sequence[str], after: Sequence[str]) -> SetChange:
    """Which names came and which went, each once, in their order."""
    return SetChange(field, _beyond(after, before), _beyond(before, after))


def platforms(before: Mapping[str, str], after: Mapping[str, str]) -> Platforms:
    """By name, the digests of two indexes."""
    both = [name for name in after if name in before]
    return Platforms(
        _beyond([*after], [*before]),
        _beyond([*before], [*after]),
        tuple(name for name in both if before[name] != after[name]),
        tuple(name for name in both if before[name] == after[name]),
    )


def _beyond(these: Sequence[str], those: Sequence[str]) -> tuple[str, ...]:
    known = set(those)
    return tuple(name for name in dict.fromkeys(these) if name not in known)


def _said(config: ConfigShown, field: str) -> str:
    value = getattr(config, field)
    return value if isinstance(value, str) else " ".join(value)
