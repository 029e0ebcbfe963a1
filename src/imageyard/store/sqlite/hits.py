"""What a search hits: how many objects, and which of them a page shows.

Few hits are put in order, all of them, which serves every page. A page of many is found by passing objects in their
order until enough hits have come by, in one of two ways: the text of each object is looked at; or all that has the
tokens is gathered, and of each object only the index of names, which is narrow, is read.
"""

from array import array
from dataclasses import replace
from typing import Final, NamedTuple

import apsw

from imageyard.store import Query
from imageyard.store.sqlite import matching, rows

_SORTED: Final = 5_000
"""Of a search with more hits the order is not worth its making: some 10 ms, after which each page costs nothing."""
_FEW: Final = 5_000
"""Texts that are looked at in some milliseconds."""
_MANY: Final = 5
"""Of a search that has so many times the hits that a page needs, the page is found by passing objects."""


class Costs(NamedTuple):
    """Of the two ways, in µs."""

    look: float
    gather: float


def costs(hits: int, passed: int) -> Costs:
    """Where so many objects are passed. A text is mostly alone on its page of the file, an index entry one of many."""
    return Costs(look=1.5 * passed, gather=0.15 * hits + 0.1 * passed)


def counted(connection: apsw.Connection, number: int, query: Query) -> int:
    """How many objects match, counted as far as the query wants; also of a query without a search."""
    walked = query.search and _is_narrow(connection, number, query)
    selection = (matching.walked_count if walked else matching.count)(query, number)
    return int(rows.value(connection, selection))


def all_ids(connection: apsw.Connection, number: int, query: Query) -> tuple[int, "array[int] | None"]:
    """How many objects match, and the ids of all of them in the order of names; None when they are too many."""
    if _is_narrow(connection, number, query):
        walked = rows.ids(connection, matching.walked_ids(replace(query, ascending=True), number, 0, -1))
        return len(walked), array("q", walked)
    some = rows.value(connection, matching.some_ids(query, number, _SORTED + 1))
    if len(rows.ids_in(some)) > _SORTED:
        return int(rows.value(connection, matching.count(query, number))), None
    ids = array("q", rows.ids_in(rows.value(connection, matching.in_order(some))))
    return len(ids), ids


def page_ids(connection: apsw.Connection, number: int, query: Query, hits: int) -> list[int]:
    """The ids of one page of a numbered search, and one more. `hits` may be of a while ago, and no more than the query
    wants counted."""
    if not hits:
        return []
    offset, limit = query.offset or 0, (query.limit or 0) + 1
    if _is_narrow(connection, number, query):
        return rows.ids(connection, matching.walked_ids(query, number, offset, limit))
    if hits <= _MANY * (offset + limit):
        return rows.ids(connection, matching.ids(query, number, None, offset, limit))
    if query.sort_by != "name" or not matching.is_unfiltered(query):
        return rows.ids(connection, matching.walked_ids(query, number, offset, limit))
    scope = _scope(connection, number, query)
    likely = (offset + limit) * scope // hits
    cost = costs(scope if query.most_counted is not None and hits > query.most_counted else hits, likely)
    if cost.look <= cost.gather:
        found = rows.ids(connection, matching.walked_ids(query, number, offset, limit, max(_FEW, 2 * likely)))
        # Where the first objects are no likeness of the others, texts of very many would have to be looked at.
        if len(found) >= min(limit, hits - offset):
            return found
    return rows.ids(connection, matching.gathered_ids(query, number, offset, limit))


def _scope(connection: apsw.Connection, number: int, query: Query) -> int:
    """How many objects there are where a query looks."""
    totals = connection.execute("SELECT namespace, total FROM totals WHERE kind = ?", (number,))
    asked = query.namespaces
    return sum(total for namespace, total in totals if asked is None or namespace in asked)


def _is_narrow(connection: apsw.Connection, number: int, query: Query) -> bool:
    """Whether what a search asks besides its text leaves so few objects that their texts are looked at one by one."""
    rest = replace(query, search="", most_counted=_FEW)
    if query.namespaces is None and matching.is_unfiltered(query):
        return False
    return counted(connection, number, rest) <= _FEW
