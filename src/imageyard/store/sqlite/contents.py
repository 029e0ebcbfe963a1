"""What registries hold under a digest, kept while a line of history names it, as far as its object's share goes."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

import apsw
import msgspec

from imageyard.domain.errors import Corrupt
from imageyard.domain.text import Text
from imageyard.store import Content
from imageyard.store.sqlite import checksum
from imageyard.store.sqlite.transaction import Transaction

KEPT: Final = timedelta(hours=1)
"""How long a content stays that nothing has named yet."""
SHARE: Final = 32 * 1024 * 1024
"""Bytes that one object's history may keep. Four of the largest manifests with their configs; usual ones take some kB,
so that a registry which answers another digest each time cannot fill the disk."""
BATCH: Final = 200
"""Contents dropped in one transaction."""


def put(tx: Transaction, content: Content) -> None:
    """Keep a content; one that is there gets another hour."""
    tx.connection.execute(
        "INSERT INTO contents (scope, digest, media_type, at, checksum, body) VALUES (?,?,?,?,?,?)"
        " ON CONFLICT DO UPDATE SET media_type=excluded.media_type, at=excluded.at, checksum=excluded.checksum,"
        " body=excluded.body",
        (content.scope, content.digest, content.media_type, tx.at, checksum.of(content.body), content.body),
    )


def get(connection: apsw.Connection, scope: str, digest: str) -> Content | None:
    """Raises Corrupt."""
    row = connection.execute(
        "SELECT media_type, checksum, body FROM contents WHERE scope = ? AND digest = ?", (scope, digest)
    ).fetchone()
    if row is None:
        return None
    media_type, crc, body = row
    if checksum.of(body) != crc:
        raise Corrupt(Text(f"{digest} 的存储数据已损坏", f"the stored data of {digest} is damaged"))
    return Content(scope, digest, media_type, body)


def drop_unnamed(tx: Transaction, before: int) -> int:
    """Drop a batch of contents that were put before the moment and that no note names; answers how many."""
    tx.connection.execute(
        "DELETE FROM contents WHERE id IN (SELECT id FROM contents c WHERE at < ? AND NOT EXISTS"
        " (SELECT 1 FROM named WHERE named.digest = c.digest) LIMIT ?)",
        (before, BATCH),
    )
    return tx.connection.changes()


def drop(tx: Transaction, digests: Collection[str]) -> None:
    """Drop those of the contents that nothing names any more."""
    if digests:
        tx.connection.execute(
            "DELETE FROM contents WHERE digest IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
            " (SELECT 1 FROM named WHERE named.digest = contents.digest)",
            (msgspec.json.encode([*digests]).decode(),),
        )


def cut(tx: Transaction, uid: str) -> None:
    """Have an object's history name no more than its share, the newest first. The line written last keeps all it
    names, since that is what the status shows."""
    rows: list[tuple[Any, ...]] = tx.connection.execute(
        "SELECT digest, max(notes.id) AS newest, sum(length(contents.body)) FROM notes JOIN named ON note = notes.id"
        " JOIN contents USING (digest) WHERE uid = ? GROUP BY digest ORDER BY newest DESC",
        (uid,),
    ).fetchall()
    taken, over = 0, []
    for digest, line, size in rows:
        taken += size
        if taken > SHARE and line != rows[0][1]:
            over.append(str(digest))
    for digest in over:
        tx.connection.execute(
            "DELETE FROM named WHERE digest = ? AND note IN (SELECT id FROM notes WHERE uid = ?)", (digest, uid)
        )
    drop(tx, over)
