"""Reading objects: rows become `Stored`, and only what matches its checksum gets out."""

from collections.abc import Iterable, Iterator, Sequence
from time import sleep
from typing import Any, Final
from zlib import crc32

import apsw
import msgspec

from imageyard.domain.errors import NotFound
from imageyard.domain.objects import Key
from imageyard.store import Bodies, Stored
from imageyard.store.changes import Window
from imageyard.store.sqlite import checksum
from imageyard.store.sqlite.matching import Selection

_SELECT: Final = "SELECT namespace, name, uid, version, objects.checksum, objects.body, managed.checksum, managed.body"
_MANAGED: Final = "LEFT JOIN managed ON managed.id = objects.id"
_BY_NAME: Final = f"{_SELECT} FROM objects INDEXED BY objects_name {_MANAGED}"
_IN_ORDER: Final = "FROM objects INDEXED BY objects_name"
_SELECT_BODIES: Final = "SELECT objects.version, checksum, body, (SELECT version FROM meta)"
_BY_IDS: Final = "FROM json_each(?) AS wanted CROSS JOIN objects ON objects.id = wanted.value"
"""CROSS JOIN has SQLite walk the ids in the order given (https://www.sqlite.org/optoverview.html, section 8.1)."""
_SPELL: Final = 100
"""Rows that are read without a pause: a fifth of a millisecond."""
_PAUSE: Final = 0.0002
"""Seconds, as long as that."""
Row = tuple[str, str, str, int, int, bytes, int | None, bytes | None]


def window(connection: apsw.Connection) -> Window:
    """Which changes are kept; `newest` is the snapshot's resourceVersion."""
    trimmed, newest = connection.execute("SELECT trimmed, version FROM meta").get
    return Window(trimmed, newest)


def one(connection: apsw.Connection, key: Key, singular: str, number: int) -> Stored:
    """Raises NotFound, Corrupt."""
    where = "namespace = ? AND name = ?"
    for stored in read(key.resource, singular, between(connection, number, where, (key.namespace, key.name), 1, 0)):
        return stored
    raise NotFound(singular, key.name)


def by_ids(connection: apsw.Connection, resource: str, singular: str, ids: Sequence[int]) -> Sequence[Stored]:
    """In the order of `ids`, for a thread. Raises Corrupt."""
    found = connection.execute(f"{_SELECT} {_BY_IDS} {_MANAGED}", (_array(ids),))
    return read(resource, singular, gently(found))


def gently(found: Iterable[Row]) -> Iterator[Row]:
    """For a thread that goes through many rows: with pauses, or it would keep the interpreter from the event loop,
    which asks for it several times for each request."""
    for number, row in enumerate(found, 1):
        yield row
        if number % _SPELL == 0:
            sleep(_PAUSE)


def bodies_by_ids(connection: apsw.Connection, resource: str, ids: Sequence[int]) -> tuple[Bodies | None, int]:
    """As `by_ids`, and the version of the snapshot, in a single statement; None when one is gone or damaged."""
    found: list[Any] = connection.execute(f"{_SELECT_BODIES} {_BY_IDS}", (_array(ids),)).fetchall()
    if not found or len(found) != len(ids):
        return None, 0
    return _sound(resource, found), found[0][3]


def _array(ids: Sequence[int]) -> str:
    return msgspec.json.encode([*ids]).decode()


def ids(connection: apsw.Connection, selection: Selection) -> list[int]:
    """Of a selection of them."""
    return [id_ for (id_,) in connection.execute(selection.sql, selection.parameters)]


def ids_in(array: str) -> list[int]:
    """Of a JSON array."""
    return msgspec.json.decode(array, type=list[int])


def value(connection: apsw.Connection, selection: Selection) -> Any:
    """Of a selection of one."""
    return connection.execute(selection.sql, selection.parameters).get


def between(
    connection: apsw.Connection, number: int, where: str, bound: Sequence[str], limit: int, skip: int
) -> list[Row]:
    """Rows in the order of namespace and name. `where` speaks of these two columns only."""
    found: list[Any] = connection.execute(
        f"{_BY_NAME} WHERE kind = ? AND {where} ORDER BY namespace, name LIMIT ? OFFSET ?",
        (number, *bound, limit, skip),
    ).fetchall()
    return found


def bodies(
    connection: apsw.Connection, resource: str, number: int, where: str, bound: Sequence[str], limit: int, skip: int
) -> tuple[Bodies | None, int]:
    """As `between`, and the version of the snapshot, in a single statement; None when there are fewer rows than
    `limit`, or damaged ones."""
    found: list[Any] = connection.execute(
        f"{_SELECT_BODIES} {_IN_ORDER} WHERE kind = ? AND {where} ORDER BY namespace, name LIMIT ? OFFSET ?",
        (number, *bound, limit, skip),
    ).fetchall()
    if len(found) != limit:
        return None, 0
    return _sound(resource, found), found[0][3]


def _sound(resource: str, rows: Sequence[tuple[int, int, bytes, int]]) -> Bodies | None:
    """The bodies if each matches its checksum: checksum.of, which a whole column goes through in one call."""
    versions, checksums, texts, _ = zip(*rows, strict=True)
    return Bodies(resource, versions, texts) if (*map(crc32, texts, versions),) == checksums else None


def read(resource: str, singular: str, rows: Iterable[Row]) -> list[Stored]:
    """Raises Corrupt for the first row that is damaged."""
    found = []
    for namespace, name, uid, version, crc, body, managed_crc, managed in rows:
        # checksum.of, without a call for each row of a page
        if crc32(body, version & 0xFFFFFFFF) != crc or (managed is not None and crc32(managed) != managed_crc):
            raise checksum.damaged(singular, namespace, name)
        found.append(Stored(Key(resource, namespace, name), uid, version, body, managed or b""))
    return found


def size(connection: apsw.Connection) -> int:
    """Bytes of the pages in use."""
    used = connection.pragma("page_count") - connection.pragma("freelist_count")
    return int(used * connection.pragma("page_size"))
