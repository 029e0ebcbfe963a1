"""Geometry of the console's pictures, drawn here as SVG so that they need no script and print well. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from imageyard.metrics import Slot

SHADES: Final = 8
"""Colours that the parts of a bar go through."""
LEAST: Final = 0.4
"""Percent: a part that is smaller is drawn as wide as this, so that it can be seen."""


@dataclass(frozen=True, slots=True)
class Column:
    """One half hour: heights in percent of the tallest column, the failed ones on top."""

    start: datetime
    good: int
    failed: int
    good_height: float
    failed_height: float


@dataclass(frozen=True, slots=True)
class Health:
    columns: tuple[Column, ...]
    good: int
    failed: int
    since: datetime | None
    """The first half hour in which anything was counted."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a stacked bar, in percent of its width."""

    x: float
    width: float
    shade: int


def health(slots: Sequence[Slot]) -> Health:
    """Columns of syncs that went well and badly."""
    tallest = max((slot.good + slot.failed for slot in slots), default=0) or 1
    columns = tuple(
        Column(
            datetime.fromtimestamp(slot.start, UTC),
            slot.good,
            slot.failed,
            round(100 * slot.good / tallest, 2),
            round(100 * slot.failed / tallest, 2),
        )
        for slot in slots
    )
    counted = [column.start for column in columns if column.good or column.failed]
    return Health(
        columns, sum(slot.good for slot in slots), sum(slot.failed for slot in slots), counted[0] if counted else None
    )


def stacked(sizes: Sequence[int]) -> tuple[Part, ...]:
    """Parts in proportion to their sizes, none too small to see, together exactly as wide as the bar."""
    total = sum(sizes)
    if not total:
        return ()
    wanted = [max(100 * size / total, LEAST) if size else 0.0 for size in sizes]
    scale = 100 / sum(wanted)
    parts, x = [], 0.0
    for place, width in enumerate(wanted):
        parts.append(Part(round(x, 3), round(width * scale, 3), place % SHADES))
        x += width * scale
    return tuple(parts)
