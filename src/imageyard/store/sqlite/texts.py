"""The searchable texts of objects, and their index of grams, which follows when the writer has time.

A new text is written with its object and noted in `unindexed`; a search looks through those one by one. To index a
text costs more than all else of a create, and in batches a third of that.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import apsw

from imageyard.domain.objects import Key
from imageyard.store.sqlite import bulk, search
from imageyard.store.sqlite.transaction import Transaction

_BATCH: Final = 250
"""Texts indexed in one transaction: some 10 ms, for which a write may have to wait."""
_MOST_WAITING: Final = 20_000
"""Texts that may wait while the writer is busy. To look through them takes a search some 10 ms."""


class Text(NamedTuple):
    """The joined texts of an object."""

    id: int
    key: Key
    text: str


def add(tx: Transaction, new: Sequence[Text]) -> None:
    """Make the texts of objects findable."""
    bulk.insert(tx.connection, "texts", [(id_, key.namespace, key.name, text) for id_, key, text in new])
    # What no search finds needs no index: events have no text, and are many.
    bulk.insert(tx.connection, "unindexed", [(each.id,) for each in new if each.text])


def drop(tx: Transaction, id_: int) -> None:
    """Forget an object's texts."""
    tx.connection.execute("DELETE FROM texts WHERE id = ?", (id_,))
    tx.connection.execute("DELETE FROM unindexed WHERE id = ?", (id_,))
    if not tx.connection.changes():
        tx.connection.execute("DELETE FROM grams WHERE rowid = ?", (id_,))


def index(connection: apsw.Connection) -> bool:
    """Index a batch of what waits for it; answers whether there may be more. Not inside a transaction."""
    waiting = connection.execute(
        "SELECT t.id, t.text FROM unindexed u CROSS JOIN texts t ON t.id = u.id ORDER BY u.id LIMIT ?", (_BATCH,)
    ).fetchall()
    if waiting:
        connection.execute("BEGIN IMMEDIATE")
        grams = ((id_, search.tokens(str(text))) for id_, text in waiting)
        connection.executemany("INSERT INTO grams (rowid, tokens) VALUES (?,?)", grams)
        connection.executemany("DELETE FROM unindexed WHERE id = ?", [(id_,) for id_, _ in waiting])
        connection.execute("COMMIT")
    return len(waiting) == _BATCH


def too_many(connection: apsw.Connection) -> bool:
    """Whether so many wait that a busy writer has to take time for them."""
    return int(connection.execute("SELECT count(*) FROM unindexed").get) > _MOST_WAITING
