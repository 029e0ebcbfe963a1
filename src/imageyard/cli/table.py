"""Tables: for people on a terminal, whole lines with the same columns everywhere else."""

import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

_PIPED = 10_000
"""Columns a line may have where nobody looks: nothing is cut."""


def show(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table without borders."""
    table = Table(*titles, box=None, pad_edge=False)
    for row in rows:
        # As text: square brackets in a name are no markup.
        table.add_row(*map(Text, row))
    Console(width=None if sys.stdout.isatty() else _PIPED, soft_wrap=True, highlight=False).print(table)
