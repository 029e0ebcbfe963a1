"""Ceilings: a bare ASGI app on the same server, and raw SQLite."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import apsw

from bench import program
from imageyard.domain.kinds import KINDS
from imageyard.store.sqlite.store import SQLiteStore


@contextmanager
def asgi(bodies: Sequence[bytes], tls: Path | None = None) -> Iterator[str]:
    """A bare ASGI app that answers `/N` with `bodies[N]`; gives its URL. `tls` is a directory with the product's own
    certificate and key, which it then speaks TLS with."""
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            Path(folder, str(number)).write_bytes(body)
        files = (str(tls / "server.crt"), str(tls / "server.key")) if tls else ()
        with program.running("bare_app.py", folder, *files) as address:
            yield f"http{'s' if tls else ''}://{address}"


async def schema(directory: Path) -> None:
    """An empty database with the product's tables."""
    async with SQLiteStore.open(directory, KINDS, now=lambda: datetime.now(UTC)):
        pass


def sqlite(directory: Path, source: Path, namespace: str, seconds: float, group: int = 16) -> float:
    """Objects a second written straight into SQLite, durably, in groups: the same rows that the product wrote for
    objects of `namespace` in the database `source`, into an empty one of the same tables in `directory`."""
    samples = _rows(source, namespace)
    connection = apsw.Connection(os.fspath(directory / "imageyard.db"))
    connection.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000")
    written, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        numbers = range(written + 1, written + group + 1)
        with connection:
            for table, places in _OWN.items():
                rows = [_renamed(samples[number % len(samples)][table], places, number) for number in numbers]
                connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)
            connection.execute("UPDATE meta SET version = ?", (numbers[-1],))
        written += group
    rate = written / (time.perf_counter() - start)
    connection.close()
    return rate


_OWN: Final = {"objects": (0, 3, 4), "texts": (0, 2), "unindexed": (0,), "changes": (0, 5, 6)}
"""Tables a create writes to, and which of their columns differ from object to object."""
Rows = dict[str, tuple[Any, ...]]


def _rows(source: Path, namespace: str) -> list[Rows]:
    """What each table holds for some objects."""
    connection = apsw.Connection(os.fspath(source), flags=apsw.SQLITE_OPEN_READONLY)
    found = []
    for row in connection.execute("SELECT * FROM objects WHERE namespace = ? LIMIT 256", (namespace,)).fetchall():
        text = connection.execute("SELECT * FROM texts WHERE id = ?", (row[0],)).fetchone()
        change = connection.execute("SELECT * FROM changes WHERE uid = ? LIMIT 1", (row[4],)).fetchone()
        if change is not None:
            found.append({"objects": row, "texts": text, "unindexed": (row[0],), "changes": change})
    connection.close()
    return found


def _renamed(row: tuple[Any, ...], places: tuple[int, ...], number: int) -> tuple[Any, ...]:
    """The row of one more object: numbers stay numbers, names names."""
    return tuple(
        value if place not in places else number if isinstance(value, int) else f"{value}-{number}"
        for place, value in enumerate(row)
    )
