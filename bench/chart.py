"""The report as a picture: a bar of each ratio, grouped by part, and a tick where its target is. Pure.

Colours are the picture's own on a ground of its own, so it reads the same on light and on dark pages; where the viewer
prefers dark it is dark. Met and missed differ by a mark as well as by colour.
"""

import html
from collections.abc import Iterator, Sequence
from typing import Final

from bench.figure import Figure
from bench.parts import Part

_WIDTH: Final = 1140
_NAMES: Final = 620
"""Where bars begin."""
_FULL: Final = 300
"""Length of a bar at 100 %."""
_MOST: Final = 1.3
"""Ratio at which a bar is cut."""
_ROW: Final = 22
_STYLE: Final = """
svg { font: 12px system-ui, sans-serif; --ground: #fff; --ink: #1f2328; --faint: #59636e; --line: #d1d9e0;
  --good: #1a7f37; --bad: #cf222e }
@media (prefers-color-scheme: dark) { svg { --ground: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --line: #3d444d;
  --good: #3fb950; --bad: #f85149 } }
.ground { fill: var(--ground) } text { fill: var(--ink) } .part { font-weight: 600; font-size: 14px }
.faint { fill: var(--faint) } .line { stroke: var(--line) } .tick { stroke: var(--ink); stroke-width: 2 }
.good { fill: var(--good) } .bad { fill: var(--bad) }
"""


def drawn(parts: Sequence[Part]) -> str:
    """The whole picture as SVG."""
    rows, y = [], 64.0
    for part in parts:
        rows.append(_heading(part, y))
        y += _ROW
        for figure in part.figures:
            rows.append(_bar(figure, y))
            y += _ROW
        y += _ROW / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y:.0f}" width="{_WIDTH}" height="{y:.0f}" '
        f'role="img"><title>Ratios to ceilings of the same run</title><style>{_STYLE}</style>'
        f'<rect class="ground" width="100%" height="100%"/>{"".join(_legend(y))}{"".join(rows)}</svg>\n'
    )


def _legend(bottom: float) -> Iterator[str]:
    yield '<text class="faint" x="16" y="24">Bar: ratio of value to ceiling. Tick: target. ✓ met, ✗ missed.</text>'
    for percent in (0, 25, 50, 75, 100, 125):
        x = _NAMES + percent / 100 * _FULL
        yield f'<line class="line" x1="{x:.0f}" x2="{x:.0f}" y1="48" y2="{bottom:.0f}"/>'
        yield f'<text class="faint" x="{x:.0f}" y="42" text-anchor="middle">{percent} %</text>'


def _heading(part: Part, y: float) -> str:
    told = " not measured" if part.cause else f" {part.seconds:.0f} s"
    return (
        f'<text class="part" x="16" y="{y + 15:.0f}">{html.escape(part.name)}<tspan class="faint">{told}</tspan></text>'
    )


def _bar(figure: Figure, y: float) -> str:
    length = max(1.0, min(figure.ratio, _MOST) * _FULL)
    tick = _NAMES + min(figure.target, _MOST) * _FULL
    sign = "≤" if figure.at_most else "≥"
    return (
        f'<text x="{_NAMES - 10}" y="{y + 14:.0f}" text-anchor="end">{html.escape(figure.name)}</text>'
        f'<rect class="{"good" if figure.met else "bad"}" x="{_NAMES}" y="{y + 3:.0f}" width="{length:.0f}" '
        f'height="14" rx="2"/>'
        f'<line class="tick" x1="{tick:.0f}" x2="{tick:.0f}" y1="{y:.0f}" y2="{y + 20:.0f}"/>'
        f'<text x="{_WIDTH - 16}" y="{y + 14:.0f}" text-anchor="end">{"✓" if figure.met else "✗"} '
        f"{figure.ratio:.0%} {sign} {figure.target:.0%}</text>"
    )
