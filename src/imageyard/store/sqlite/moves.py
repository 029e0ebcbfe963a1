"""What searches and filters see of an object, and what a write changes of that. Pure.

Most writes change nothing of it: a status that says the same at a later time moves no object in or out of any list.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from imageyard.domain.objects import Key
from imageyard.store import Query, Terms
from imageyard.store.sqlite import entry

_REMEMBERED: Final = 512
"""Stored terms whose meaning is remembered: many objects are labelled alike."""


class Sight(NamedTuple):
    """What can be asked for of one object, besides its name and namespace."""

    status: str
    reference: str
    failing: int
    terms: str
    text: str


class Move(NamedTuple):
    """What one write changed of it; None is an object that was not there, or is no longer."""

    version: int
    key: Key
    before: Sight | None
    after: Sight | None


def sight(columns: entry.Columns, text: str) -> Sight:
    return Sight(columns.status, columns.reference, columns.failing, columns.terms, text)


def step(query: Query, move: Move) -> int:
    """By how much a move changes the number of objects that a query, whose search is folded, matches: -1, 0 or 1."""
    if query.namespaces is not None and move.key.namespace not in query.namespaces:
        return 0
    return _is_seen(query, move.key, move.after) - _is_seen(query, move.key, move.before)


def _is_seen(query: Query, key: Key, seen: Sight | None) -> bool:
    return (
        seen is not None
        and query.search in seen.text
        and query.status in (None, seen.status)
        and query.reference in (None, seen.reference)
        and query.failing in (None, bool(seen.failing))
        and (query.labels is None or query.labels.matches(_terms(seen.terms).labels))
        and (query.fields is None or query.fields.matches(_named(key) | dict(_terms(seen.terms).fields)))
    )


def _named(key: Key) -> dict[str, str]:
    return {"metadata.name": key.name, "metadata.namespace": key.namespace}


@lru_cache(_REMEMBERED)
def _terms(stored: str) -> Terms:
    return entry.seen(stored)
