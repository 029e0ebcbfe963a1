"""Sealed secrets: opaque bytes beside an object, in a table of their own that no list or watch reads."""

from collections.abc import Sequence

import apsw

from imageyard.domain.objects import Key
from imageyard.store.sqlite.transaction import Transaction


def find(connection: apsw.Connection, number: int, namespace: str, name: str) -> tuple[bool, bytes | None]:
    """Whether the object exists, and its secret."""
    row = connection.execute(
        "SELECT s.value FROM objects o LEFT JOIN sealed s ON s.id = o.id"
        " WHERE o.kind = ? AND o.namespace = ? AND o.name = ?",
        (number, namespace, name),
    ).fetchone()
    return (False, None) if row is None else (True, row[0])


def after(connection: apsw.Connection, cursor: str, limit: int) -> Sequence[tuple[str, Key, str, bytes]]:
    """The next secrets in the order of their objects' creation within a kind."""
    rows = connection.execute(
        "SELECT s.id, k.resource, o.namespace, o.name, o.uid, s.value FROM sealed s CROSS JOIN objects o ON o.id = s.id"
        " CROSS JOIN kinds k ON k.id = o.kind WHERE s.id > ? ORDER BY s.id LIMIT ?",
        (int(cursor or 0), limit),
    )
    return [
        (str(id_), Key(resource, namespace, name), uid, value) for id_, resource, namespace, name, uid, value in rows
    ]


def swap(tx: Transaction, key: Key, old: bytes, new: bytes) -> bool:
    """Put `new` in the place of `old`; False when that is not there."""
    tx.connection.execute(
        "UPDATE sealed SET value = ? WHERE value = ? AND id ="
        " (SELECT id FROM objects WHERE kind = ? AND namespace = ? AND name = ?)",
        (new, old, tx.numbers[key.resource], key.namespace, key.name),
    )
    return tx.connection.changes() == 1
