"""What is there of objects before they are replaced or deleted."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain
from typing import NamedTuple

from imageyard.domain.objects import Key
from imageyard.store.sqlite import bulk
from imageyard.store.sqlite.moves import Sight
from imageyard.store.sqlite.transaction import Transaction


class Found(NamedTuple):
    """`number` is the kind's; `created` is in microseconds."""

    number: int
    id: int
    uid: str
    version: int
    created: int | None
    managed: bytes
    sight: Sight


def find(tx: Transaction, keys: Iterable[Key]) -> Mapping[Key, Found]:
    """Those that exist."""
    found = {}
    for some in bulk.parts([*dict.fromkeys(keys)]):
        bound = [(tx.numbers[key.resource], key.namespace, key.name, place) for place, key in enumerate(some)]
        rows = tx.connection.execute(_sql(len(some)), tuple(chain.from_iterable(bound)))
        for place, number, id_, uid, version, created, managed, *seen in rows:
            found[some[place]] = Found(number, id_, uid, version, created, managed, Sight(*seen))
    return found


def one(tx: Transaction, key: Key) -> Found | None:
    return find(tx, [key]).get(key)


@cache
def _sql(count: int) -> str:
    """CROSS JOIN has SQLite look each of the wanted up in the index of names."""
    return (
        f"WITH wanted (kind, namespace, name, place) AS (VALUES {','.join(['(?,?,?,?)'] * count)})"  # noqa: S608 - made of constants
        " SELECT w.place, o.kind, o.id, o.uid, o.version, o.created, ifnull(m.body, x''), o.status, o.reference,"
        " o.failing, o.terms, t.text"
        " FROM wanted w CROSS JOIN objects o INDEXED BY objects_name"
        " ON o.kind = w.kind AND o.namespace = w.namespace AND o.name = w.name"
        " CROSS JOIN texts t ON t.id = o.id LEFT JOIN managed m ON m.id = o.id"
    )
