"""What the writer does between its groups: indexes new texts, drops changes beyond the promised
window, proves that it can write."""

from datetime import datetime
from typing import Final

import apsw

from imageyard.store import changes
from imageyard.store.changes import Recorded
from imageyard.store.sqlite import moment, texts

_BATCH: Final = 1_000
"""Changes dropped in one transaction, so that no write waits long for it."""
_PROBED: Final = 65_536
"""Bytes that have to find their place before the disk counts as writable again."""


def keep(connection: apsw.Connection, now: datetime) -> bool:
    """Do a small piece of each work; answers whether there may be more. Raises apsw.Error."""
    indexed, trimmed = texts.index(connection), _trim(connection, now)
    return indexed or trimmed


def keep_up(connection: apsw.Connection, now: datetime) -> None:
    """Do what bounds the work that waits, between two groups of a busy writer. Raises apsw.Error."""
    while texts.too_many(connection):
        texts.index(connection)
    _trim(connection, now)


def _trim(connection: apsw.Connection, now: datetime) -> bool:
    """Drop a batch of changes that no watch may ask for any more, and move the window's edge with it."""
    newest, oldest = _oldest(connection)
    edge = changes.outdated(oldest, newest, now)
    if edge is None:
        return False
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM changes WHERE version <= ?", (edge,))
    connection.execute("UPDATE meta SET trimmed = ?", (edge,))
    connection.execute("COMMIT")
    return len(oldest) == _BATCH


def probe(connection: apsw.Connection) -> None:
    """Write as much as a large object takes, take it back, and write something durably that changes nothing: on a full
    disk a few bytes still find their place. Raises apsw.Error."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO contents (scope, digest, media_type, at, checksum, body) VALUES ('', '', '', 0, 0, randomblob(?))",
        (_PROBED,),
    )
    connection.cache_flush()
    connection.execute("ROLLBACK")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE meta SET version = version")
    connection.execute("COMMIT")


def _oldest(connection: apsw.Connection) -> tuple[int, list[Recorded]]:
    newest = int(connection.execute("SELECT version FROM meta").get)
    first = connection.execute("SELECT min(version) FROM changes").get
    if first is None or first > newest - changes.KEPT_CHANGES:
        return newest, []
    rows = connection.execute("SELECT version, at FROM changes ORDER BY version LIMIT ?", (_BATCH,))
    return newest, [Recorded(version, moment.read(at)) for version, at in rows]
