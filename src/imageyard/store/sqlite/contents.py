"""What registries hold under a digest, kept while a line of history names it."""

from datetime import timedelta
from typing import Final

import apsw

from imageyard.domain.errors import Corrupt
from imageyard.domain.text import Text
from imageyard.store import Content
from imageyard.store.sqlite import checksum
from imageyard.store.sqlite.transaction import Transaction

KEPT: Final = timedelta(hours=1)
"""How long a content stays although nothing names it."""
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
