"""Many rows in one statement.

Each statement lets go of the interpreter and has to get it back from an event loop that is busy: that costs both
threads more than SQLite needs for the row.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Final, TypeVar

import apsw

T = TypeVar("T")
Row = tuple[int | str | bytes | None, ...]
_SIZES: Final = (16, 8, 4, 2, 1)
"""Rows per statement: few enough lengths that the connection keeps every statement prepared."""


def insert(connection: apsw.Connection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows of one table, in their order."""
    for some in parts(rows):
        connection.execute(_sql(table, len(some[0]), len(some), ""), tuple(chain.from_iterable(some)))


def insert_new(connection: apsw.Connection, table: str, rows: Sequence[Row]) -> bool:
    """The same, leaving out rows that the table has no place for; answers whether all went in."""
    inserted = 0
    for some in parts(rows):
        sql = _sql(table, len(some[0]), len(some), " ON CONFLICT DO NOTHING")
        connection.execute(sql, tuple(chain.from_iterable(some)))
        inserted += connection.changes()
    return inserted == len(rows)


def update(connection: apsw.Connection, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Write these columns of whole rows over those with the same `id`, which are there."""
    written = ",".join(f"{each}=excluded.{each}" for each in columns)
    end = " ON CONFLICT (id) DO UPDATE SET " + written  # nosec B608 # names of ours
    for some in parts(rows):
        connection.execute(_sql(table, len(some[0]), len(some), end), tuple(chain.from_iterable(some)))


def parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many at once as there is a statement for."""
    at = 0
    while at < len(rows):
        size = next(size for size in _SIZES if size <= len(rows) - at)
        yield rows[at : at + size]
        at += size


@cache
def _sql(table: str, width: int, count: int, end: str) -> str:
    row = f"({','.join('?' * width)})"
    return f"INSERT INTO {table} VALUES {','.join([row] * count)}{end}"  # noqa: S608 - a table's name of ours
