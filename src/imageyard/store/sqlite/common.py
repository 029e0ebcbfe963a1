"""Tokens that stand in so many texts of a kind that a search is faster without them: FTS5 looks each candidate up in
the list of every token that it is asked for, and `ima` is in every `image-…`. What is found without them is looked at
all the same, so this decides about time alone.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import apsw

from imageyard.store.sqlite import objects, search

_PLACES: Final = 16
_NEIGHBOURS: Final = 16
"""Texts that are looked at in each place: a sample of 256, for which few pages are read."""
_LEAST: Final = 64
"""Texts of which a share says something."""
_SHARE: Final = 0.05
_LASTING: Final = 100_000
"""Changes after which a sample is taken anew."""


class Common:
    """Of all kinds. Asked and taught in the threads that read."""

    def __init__(self, tokens: Mapping[int, frozenset[str]] | None = None) -> None:
        self._tokens = tokens or {}
        """By the kind's number."""
        self._learnt_at: int | None = None

    def is_stale(self, version: int) -> bool:
        return self._learnt_at is None or version - self._learnt_at > _LASTING

    def learn(self, connection: apsw.Connection, version: int) -> None:
        """Take a sample of each kind's texts."""
        self._learnt_at = version
        self._tokens = {
            number: _common(_sample(connection, objects.first_id(number), objects.first_id(number + 1) - 1))
            for number in _numbers(connection)
        }

    def thinned(self, *given: "apsw.SQLiteValue") -> str:
        """For SQL: an expression of `search.expression` without these, unless nothing else is in it, and the kind's
        `objects.first_id`."""
        expression, first_id = given
        assert isinstance(expression, str)  # noqa: S101 - bound by `matching` alone
        assert isinstance(first_id, int)  # noqa: S101 - as `matching` binds it
        common = self._tokens.get(objects.number_of(first_id), frozenset())
        kept = [token for token in expression.split(" ") if token.strip('"') not in common]
        return " ".join(kept) or expression


def _numbers(connection: apsw.Connection) -> list[int]:
    found: list[Any] = connection.execute("SELECT id FROM kinds").fetchall()
    return [number for (number,) in found]


def _sample(connection: apsw.Connection, first: int, last: int) -> list[str]:
    lowest: Any
    highest: Any
    lowest, highest = connection.execute(
        "SELECT (SELECT min(id) FROM texts WHERE id BETWEEN ?1 AND ?2),"
        " (SELECT max(id) FROM texts WHERE id BETWEEN ?1 AND ?2)",
        (first, last),
    ).get
    if lowest is None:
        return []
    step = (highest - lowest) // _PLACES + 1
    return [
        str(text)
        for start in range(lowest, highest + 1, step)
        for (text,) in connection.execute(
            "SELECT text FROM texts WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?",
            (start, start + step - 1, _NEIGHBOURS),
        ).fetchall()
    ]


def _common(texts: list[str]) -> frozenset[str]:
    if len(texts) < _LEAST:
        return frozenset()
    counts = Counter(token for text in texts for token in search.tokens(text).split(" "))
    return frozenset(token for token, count in counts.items() if count > _SHARE * len(texts))
