"""Geometry of two stacks of layers side by side, what both have joined from one to the other. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from imageyard.web.console.differences import Change, LayerChange

WIDTH: Final = 640
HEIGHT: Final = 360
TOP: Final = 26
"""Room for the headings."""
LEFT: Final = (150, 250)
RIGHT: Final = (390, 490)
"""From where to where a stack is drawn."""
LABELS: Final = (LEFT[0] - 8, RIGHT[1] + 8)
LEAST: Final = 3.0
"""A layer is no lower than this, so that it can be seen."""
TOLD: Final = 40
"""Of more layers than these the table alone tells what each is."""
NAMED: Final = 13.0
"""A layer that is as high as this has room for its size beside it."""


@dataclass(frozen=True, slots=True)
class Block:
    change: Change
    x: int
    width: int
    y: float
    height: float
    shade: int
    number: int
    size: str
    instruction: str
    named: bool
    label: int
    """Where its instruction ends (before) or begins (after)."""
    told: bool


@dataclass(frozen=True, slots=True)
class Picture:
    before: tuple[Block, ...]
    after: tuple[Block, ...]
    joins: tuple[str, ...]
    """Points of the bands between layers that both have."""
    height: float


def draw(rows: Sequence[LayerChange]) -> Picture:
    """Heights in proportion to sizes, by one scale for both, the first layer at the bottom."""
    sides = [
        [row.before.bytes if row.before else 0 for row in rows],
        [row.after.bytes if row.after else 0 for row in rows],
    ]
    most = max(map(sum, sides)) or 1
    stacks = [_stack(rows, place, (HEIGHT - TOP) / most) for place in (0, 1)]
    height = max((sum(block.height for block in stack) for stack in stacks), default=0.0) + TOP
    before, after = (tuple(_lifted(block, height) for block in stack) for stack in stacks)
    kept = zip(
        (each for each in before if each.change == "kept"),
        (each for each in after if each.change == "kept"),
        strict=True,
    )
    return Picture(before, after, tuple(_join(left, right) for left, right in kept), round(height, 2))


def _stack(rows: Sequence[LayerChange], place: int, scale: float) -> list[Block]:
    """With y still counted from the ground."""
    blocks, y = [], 0.0
    begin, end = (LEFT, RIGHT)[place]
    for row in rows:
        layer = row.after if place else row.before
        if layer is None:
            continue
        height = max(layer.bytes * scale, LEAST)
        y += height
        shade = row.layer.part.shade if row.layer.part else 0
        said = layer.instruction[:120]
        named, told = height >= NAMED, len(rows) <= TOLD
        blocks.append(
            Block(
                row.change,
                begin,
                end - begin,
                y,
                height,
                shade,
                layer.number,
                layer.size,
                said,
                named,
                LABELS[place],
                told,
            )
        )
    return blocks


def _lifted(block: Block, ground: float) -> Block:
    return replace(block, y=round(ground - block.y, 2), height=round(block.height, 2))


def _join(left: Block, right: Block) -> str:
    corners = (
        (left.x + left.width, left.y),
        (right.x, right.y),
        (right.x, round(right.y + right.height, 2)),
        (left.x + left.width, round(left.y + left.height, 2)),
    )
    return " ".join(f"{x},{y}" for x, y in corners)
