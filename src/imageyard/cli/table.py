"""Tables: for people on a terminal, whole lines with the same columns everywhere else."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

_PIPED = 10_000
"""Columns a line may have where nobody looks: nothing is cut."""


def show(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without borders."""
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _PIPED, soft_wrap=True, highlight=False).print(table)
