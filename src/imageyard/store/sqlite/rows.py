"""Reading objects: rows become `Stored`, and only what matches its checksum gets out."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from zlib import crc32

import apsw

from imageyard.domain.errors import NotFound
from imageyard.domain.objects import Key
from imageyard.store import Stored
from imageyard.store.changes import Window
from imageyard.store.sqlite import checksum

_SELECT: Final = "SELECT namespace, name, uid, version, checksum, body FROM objects"
_SELECT_AT: Final = "SELECT namespace, name, uid, version, checksum, body, (SELECT version FROM meta) FROM objects"
Row = tuple[str, str, str, int, int, bytes]


def window(connection: apsw.Connection) -> Window:
    """Which changes are kept; `newest` is the snapshot's resourceVersion."""
    trimmed, newest = connection.execute("SELECT trimmed, version FROM meta").get
    return Window(trimmed, newest)


def one(connection: apsw.Connection, resource: str, singular: str, number: int, namespace: str, name: str) -> Stored:
    """Raises NotFound, Corrupt."""
    where = "namespace = ? AND name = ?"
    for stored in read(resource, singular, between(connection, number, where, (namespace, name), 1, 0)):
        return stored
    raise NotFound(singular, name)


def by_ids(connection: apsw.Connection, resource: str, singular: str, ids: Iterable[int]) -> Sequence[Stored]:
    """In the order of `ids`. Raises Corrupt."""
    found = connection.executemany(f"{_SELECT} WHERE id = ?", ((id_,) for id_ in ids))
    return read(resource, singular, found)


def between(
    connection: apsw.Connection, number: int, where: str, bound: Sequence[str], limit: int, skip: int
) -> list[Row]:
    """Rows in the order of namespace and name. `where` speaks of these two columns only."""
    found: list[Any] = connection.execute(
        f"{_SELECT} INDEXED BY objects_name WHERE kind = ? AND {where} ORDER BY namespace, name LIMIT ? OFFSET ?",
        (number, *bound, limit, skip),
    ).fetchall()
    return found


def page(
    connection: apsw.Connection, number: int, where: str, bound: Sequence[str], limit: int, skip: int
) -> tuple[list[Row], int]:
    """As `between`, and the version of the snapshot (0 when no row was found), in one statement."""
    found: list[Any] = connection.execute(
        f"{_SELECT_AT} INDEXED BY objects_name WHERE kind = ? AND {where} ORDER BY namespace, name LIMIT ? OFFSET ?",
        (number, *bound, limit, skip),
    ).fetchall()
    return [row[:-1] for row in found], found[0][-1] if found else 0


def read(resource: str, singular: str, rows: Iterable[Row]) -> list[Stored]:
    """Raises Corrupt for the first row that is damaged."""
    found = []
    for namespace, name, uid, version, crc, body in rows:
        if crc32(body, version & 0xFFFFFFFF) != crc:  # checksum.of, without a call for each row of a page
            raise checksum.damaged(singular, namespace, name)
        found.append(Stored(Key(resource, namespace, name), uid, version, body))
    return found
