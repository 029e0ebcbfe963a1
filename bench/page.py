"""The report as Markdown. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from bench import compare, words
from bench.compare import Difference
from bench.figure import Figure
from bench.parts import Part

_INTRODUCTION = (
    "Each value stands beside its ceiling. That was measured in the same run, except where it says *bound*: a number "
    "that was set, so the figure depends on the machine. The ratio is the gate; values are for orientation."
)


def written(
    settings: Mapping[str, object], parts: Sequence[Part], differences: Sequence[Difference], earlier: str
) -> str:
    return "\n".join(
        [
            *("# Measurements", "", _INTRODUCTION, ""),
            *_summary(parts),
            *("", "![ratios](report.svg)", ""),
            *(line for part in parts for line in _part(part)),
            *(_compared(differences, earlier) if earlier else ()),
            *("## Settings", "", *(f"- {key}: {_cell(value)}" for key, value in settings.items())),
            "",
        ]
    )


def _summary(parts: Sequence[Part]) -> Iterator[str]:
    figures = [figure for part in parts for figure in part.figures]
    yield f"{sum(figure.met for figure in figures)} of {len(figures)} targets are met."
    for part in parts:
        if part.cause:
            yield f"\n**{part.name} was not measured:** {_cell(part.cause)}"
    missed = [figure for figure in figures if not figure.met]
    if missed:
        yield "\nMissed:\n"
        yield from (f"- {figure.name}: {_share(figure.ratio)}, target {_target(figure)}" for figure in missed)


def _part(part: Part) -> Iterator[str]:
    yield from (f"## {part.name}", "", f"Took {part.seconds:.0f} s.")
    if part.cause:
        yield f"Not measured: {_cell(part.cause)}"
    if part.figures:
        yield from ("", "| figure | value | ceiling | ratio | target | met | remark |")
        yield "|---|---:|---:|---:|---:|---|---|"
        yield from map(_row, part.figures)
    yield ""


def _row(figure: Figure) -> str:
    ceiling = f"{words.number(figure.ceiling)}{' (bound)' if figure.fixed else ''}"
    cells = (
        figure.name,
        f"{words.number(figure.value)} {figure.unit}",
        ceiling,
        _share(figure.ratio),
        _target(figure),
        "yes" if figure.met else "**no**",
        figure.remark,
    )
    return f"| {' | '.join(map(_cell, cells))} |"


def _compared(differences: Sequence[Difference], earlier: str) -> Iterator[str]:
    yield from (f"## Compared with {earlier}", "", *compare.explained(), "")
    yield from compare.table(differences)
    yield ""


def _share(ratio: float) -> str:
    return f"{ratio:.1%}" if ratio < 0.1 else f"{ratio:.0%}"


def _target(figure: Figure) -> str:
    return f"{'≤' if figure.at_most else '≥'} {figure.target:.0%}"


def _cell(value: object) -> str:
    """On one line, and no end of a cell."""
    return " ".join(str(value).split()).replace("|", "\\|")
