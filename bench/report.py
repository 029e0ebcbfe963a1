"""The report: Markdown to read, SVG to see, JSON to compare."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figure import Figure

OUT = Path(__file__).parent / "out"
_BAR = 260
_ROW = 26


def write(settings: Mapping[str, object], figures: Sequence[Figure]) -> Path:
    """Write report.json, report.md and report.svg; answer the path of the Markdown."""
    OUT.mkdir(exist_ok=True)
    document = {"settings": dict(settings), "figures": [figure.row() for figure in figures]}
    (OUT / "report.json").write_text(json.dumps(document, indent=2) + "\n")
    (OUT / "report.svg").write_text(_svg(figures))
    (OUT / "report.md").write_text(_markdown(settings, figures))
    return OUT / "report.md"


def _markdown(settings: Mapping[str, object], figures: Sequence[Figure]) -> str:
    lines = ["# Measurements", "", "Each value beside its ceiling of the same run; the ratio is the gate.", ""]
    lines += [f"- {key}: {value}" for key, value in settings.items()]
    lines += ["", "| figure | value | ceiling | ratio | target | met | |", "|---|---:|---:|---:|---:|---|---|"]
    for figure in figures:
        lines.append(
            f"| {figure.name} | {figure.value:,.0f} {figure.unit} | {figure.ceiling:,.0f} {figure.unit} "
            f"| {figure.ratio:.0%} | {figure.target:.0%} | {'yes' if figure.met else 'NO'} | {figure.remark} |"
        )
    return "\n".join([*lines, "", "![ratios](report.svg)", ""])


def _svg(figures: Sequence[Figure]) -> str:
    """Bars of ratio against ceiling, a tick where the target is."""
    rows = []
    for number, figure in enumerate(figures):
        y = 10 + number * _ROW
        length, tick = min(figure.ratio, 1.2) * _BAR, 380 + figure.target * _BAR
        colour = "#2da44e" if figure.met else "#cf222e"
        rows.append(
            f'<text x="370" y="{y + 14}" text-anchor="end">{html.escape(figure.name)}</text>'
            f'<rect x="380" y="{y}" width="{length:.0f}" height="18" fill="{colour}"/>'
            f'<line x1="{tick:.0f}" x2="{tick:.0f}" y1="{y - 2}" y2="{y + 20}" stroke="#24292f"/>'
            f'<text x="{386 + length:.0f}" y="{y + 14}">{figure.ratio:.0%}</text>'
        )
    height = 20 + len(figures) * _ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="780" height="{height}" font-family="sans-serif" '
        f'font-size="12"><title>Ratios against ceilings of the same run</title>{"".join(rows)}</svg>\n'
    )
