"""The history of objects: lines that are written with them, and the digests these name."""

from collections.abc import Sequence
from typing import Any, Literal

import apsw

from imageyard.domain.errors import Corrupt
from imageyard.domain.text import Text
from imageyard.store import Note
from imageyard.store.sqlite import checksum, contents
from imageyard.store.sqlite.transaction import Transaction


def add(tx: Transaction, uid: str, note: Note) -> None:
    """Write a line, and drop those of its stream beyond the newest `keep`."""
    tx.connection.execute(
        "INSERT INTO notes (uid, stream, checksum, body) VALUES (?,?,?,?)",
        (uid, note.stream, checksum.of(note.body), note.body),
    )
    id_ = tx.connection.last_insert_rowid()
    _name(tx, uid, id_, note)
    dropped: list[tuple[Any, ...]] = tx.connection.execute(
        "SELECT id FROM notes WHERE uid = ? AND stream = ? ORDER BY id DESC LIMIT -1 OFFSET ?",
        (uid, note.stream, note.keep),
    ).fetchall()
    for (old,) in dropped:
        _hand_over(tx, old, id_)
        digests = _digests(tx, "id = ?", old)
        tx.connection.execute("DELETE FROM notes WHERE id = ?", (old,))
        contents.drop(tx, digests)
    if note.digests:
        contents.cut(tx, uid)


def _name(tx: Transaction, uid: str, id_: int, note: Note) -> None:
    digests = dict.fromkeys(note.digests)
    if note.scope:
        tx.connection.executemany("INSERT INTO named VALUES (?,?,?)", [(id_, each, note.scope) for each in digests])
        return
    tx.connection.executemany(
        "INSERT INTO named SELECT DISTINCT ?1, digest, scope FROM notes JOIN named ON note = id"
        " WHERE uid = ?2 AND digest = ?3",
        [(id_, uid, each) for each in digests],
    )


def _hand_over(tx: Transaction, old: int, new: int) -> None:
    """A line that goes leaves its digests to the new one if both speak of the same content: an image that was read
    once and has only come and gone since must not lose the documents behind its digest."""
    tx.connection.execute(
        "INSERT OR IGNORE INTO named SELECT ?1, digest, scope FROM named WHERE note = ?2"
        " AND EXISTS (SELECT 1 FROM named a JOIN named b USING (digest) WHERE a.note = ?1 AND b.note = ?2)",
        (new, old),
    )


def drop(tx: Transaction, uid: str) -> None:
    """Drop an object's whole history, and the contents that nobody else names."""
    digests = _digests(tx, "uid = ?", uid)
    tx.connection.execute("DELETE FROM notes WHERE uid = ?", (uid,))
    contents.drop(tx, digests)


def _digests(tx: Transaction, where: str, bound: int | str) -> list[str]:
    """What lines of history name."""
    rows = tx.connection.execute(
        f"SELECT DISTINCT digest FROM named JOIN notes ON note = id WHERE {where}",  # noqa: S608 - see the callers
        (bound,),
    )
    return [str(digest) for (digest,) in rows]


def newest(connection: apsw.Connection, uid: str, stream: Literal["sync", "verify"], limit: int) -> Sequence[bytes]:
    """Newest first. Raises Corrupt."""
    rows = connection.execute(
        "SELECT checksum, body FROM notes WHERE uid = ? AND stream = ? ORDER BY id DESC LIMIT ?", (uid, stream, limit)
    )
    return [_checked(crc, body) for crc, body in rows]


def scopes(connection: apsw.Connection, uid: str, digest: str) -> Sequence[str]:
    """The newest line's first."""
    rows = connection.execute(
        "SELECT scope FROM notes JOIN named ON note = id WHERE uid = ? AND digest = ? ORDER BY id DESC, scope",
        (uid, digest),
    )
    return [*dict.fromkeys(str(scope) for (scope,) in rows)]


def _checked(crc: int, body: bytes) -> bytes:
    if checksum.of(body) != crc:
        raise Corrupt(Text("历史记录的存储数据已损坏", "the stored history is damaged"))
    return body
