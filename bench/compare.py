"""A run beside an earlier one, figure by figure. Pure but for reading the file.

Ratios are compared, not values: what slows the machine down slows the ceiling down too. Where the ceiling is a bound
there is nothing to take the machine's day out, so more is put down to noise there.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from bench import words
from bench.figure import Figure

NOISE: Final = 0.15
"""A ratio that got worse by more than this share of the earlier one is flagged."""
NOISE_OF_BOUNDS: Final = 0.50
"""The same where the ceiling is a bound."""


class NoReport(ValueError):
    """The file is no report of ours; the message names it."""


class Difference(NamedTuple):
    """`before` and `now` are ratios, None where only the other run has the figure."""

    figure: str
    before: float | None
    now: float | None
    noise: float
    at_most: bool

    @property
    def is_worse(self) -> bool:
        """Beyond what noise does."""
        if self.before is None or self.now is None:
            return False
        worse = self.now - self.before if self.at_most else self.before - self.now
        return worse > self.noise * self.before

    @property
    def verdict(self) -> str:
        if self.before is None:
            return "new"
        if self.now is None:
            return "not measured"
        return "WORSE" if self.is_worse else ""


def read(path: Path) -> Mapping[str, float]:
    """The ratios of an earlier report by figure. Raises NoReport, OSError."""
    try:
        rows = json.loads(path.read_text())["figures"]
        return {str(row["figure"]): float(row["ratio"]) for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise NoReport(f"{path} is no report.json of an earlier run ({type(error).__name__}: {error})") from error


def with_earlier(figures: Sequence[Figure], earlier: Mapping[str, float], *, whole: bool) -> list[Difference]:
    """In the order of this run; what only the earlier one has comes last, where this run is a `whole` one."""
    found = [
        Difference(
            figure.name,
            earlier.get(figure.name),
            figure.ratio,
            NOISE_OF_BOUNDS if figure.fixed else NOISE,
            figure.at_most,
        )
        for figure in figures
    ]
    names = {figure.name for figure in figures}
    gone = [name for name in earlier if name not in names] if whole else []
    return [*found, *(Difference(name, earlier[name], None, NOISE, at_most=False) for name in gone)]


def explained() -> Iterator[str]:
    """What the table's flag means."""
    yield (
        f"WORSE: the ratio is worse by more than {NOISE:.0%} of the earlier one, or by more than {NOISE_OF_BOUNDS:.0%} "
        "where the ceiling is a bound. Less is noise on a machine that others share."
    )


def table(differences: Sequence[Difference]) -> Iterator[str]:
    yield "| figure | earlier ratio | present ratio | change | |"
    yield "|---|---:|---:|---:|---|"
    for each in differences:
        moved = words.change(each.now, each.before) if each.now is not None and each.before is not None else "-"
        yield f"| {each.figure} | {_ratio(each.before)} | {_ratio(each.now)} | {moved} | {each.verdict} |"


def _ratio(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"
