"""Lists inside one snapshot: the short way for pages in the order of names, and the general way for all else."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import apsw

from imageyard.domain.kind import Kind
from imageyard.store import Page, Query, Stored
from imageyard.store.changes import Window
from imageyard.store.sqlite import continuation, hits, matching, rows
from imageyard.store.sqlite.matches import Matched
from imageyard.store.sqlite.rank import Lookup, Rank
from imageyard.store.sqlite.rows import Row

_SHORT: Final = 1_000
"""A page of at most so many objects is read on the event loop."""
_SHALLOW: Final = 2_000
"""Objects that are passed over in their order in a fraction of a millisecond."""


class Astray(Exception):
    """A rank and the rows disagree; the rank has to be made anew."""


def is_plain(query: Query) -> bool:
    """Whether it asks for namespaces only, so that totals answer its count."""
    return not query.search and matching.is_unfiltered(query)


def is_short(query: Query) -> bool:
    """Whether a page of it is read in a fraction of a millisecond."""
    return (
        is_plain(query)
        and query.sort_by == "name"
        and query.limit is not None
        and query.limit <= _SHORT
        and not (query.continuation and (not query.ascending or len(query.namespaces or ()) > 1))
    )


def total(rank: Rank, query: Query) -> int:
    """The count of a plain query."""
    if query.namespaces is None:
        return rank.total()
    return sum(rank.total(namespace) for namespace in query.namespaces)


def quick_page(
    connection: apsw.Connection, kind: Kind[Any], number: int, rank: Rank, version: int, query: Query
) -> Page | None:
    """A short page by one statement, for the usual case that `rank` is of the very snapshot the statement reads.
    None when it is not, when more than one statement is needed, or when an object is damaged."""
    # No namespace at all is not every namespace: an empty set is left to the general way.
    if query.offset is None or not query.ascending or (query.namespaces is not None and len(query.namespaces) != 1):
        return None
    (asked,) = query.namespaces or (None,)
    count = rank.total(asked)
    wanted = min(query.limit or 0, count - query.offset)
    if wanted <= 0:
        return None
    namespace, position = rank.locate(query.offset) if asked is None else (asked, query.offset)
    begin = rank.known(namespace, position)
    if begin is None:
        return None
    # Two columns compared as one are compared again at each row; most pages lie in one namespace.
    alone = position + wanted <= rank.total(namespace)
    where = "namespace = ? AND name >= ?" if alone else "(namespace, name) >= (?, ?)"
    found, read_at = rows.bodies(connection, kind.plural, number, where, (namespace, begin[0]), wanted, begin[1])
    return None if found is None or read_at != version else Page(found, count, version, "")


def known_page(
    connection: apsw.Connection, kind: Kind[Any], ids: "array[int]", total: int, version: int
) -> Page | None:
    """A page of which the objects are known, by one statement; None when one of them is gone or damaged. Its
    `resource_version` is that of what was read, `version` where there was nothing to read."""
    if not ids:
        return Page([], total, version, "")
    found, read_at = rows.bodies_by_ids(connection, kind.plural, ids)
    return None if found is None else Page(found, total, read_at, "")


def found_page(
    connection: apsw.Connection, kind: Kind[Any], number: int, query: Query, total: int
) -> tuple[Page | None, "array[int]"]:
    """A page of a question of which it is known how many match, and its ids; as `known_page`."""
    version, offset, limit = rows.window(connection).newest, query.offset or 0, query.limit or 0
    if query.search:
        found = hits.page_ids(connection, number, query, total)
    else:
        found = rows.ids(connection, matching.ids(query, number, None, offset, limit))
    ids = array("q", found[:limit])
    return known_page(connection, kind, ids, total, version), ids


def matched(connection: apsw.Connection, number: int, query: Query) -> Matched | None:
    """How many objects match, and which. None when there are more than the query wants counted."""
    version = rows.window(connection).newest
    if query.search:
        count, some = hits.all_ids(connection, number, query)
        return None if query.most_counted is not None and count > query.most_counted else Matched(count, some, version)
    ids = array("q", rows.ids_in(rows.value(connection, matching.all_ids(query, number))))
    return Matched(len(ids), ids, version)


def is_walked(query: Query) -> bool:
    """Whether a page that is not deep is found in its order without looking at all matches."""
    by_status = matching.is_unfiltered(replace(query, status=None))
    return bool(query.search) or (by_status and (query.offset or 0) <= _SHALLOW)


def short_page(
    connection: apsw.Connection, kind: Kind[Any], number: int, rank: Rank, window: Window, query: Query
) -> Page:
    """A page of a short query. Raises Gone, BadRequest, Corrupt; Astray when the rank does not fit the rows."""
    if query.continuation:
        return _continued(connection, kind, number, rank, window, query)
    count, limit, offset = total(rank, query), query.limit or 0, query.offset or 0
    first, behind = offset, min(offset + limit, count)
    if not query.ascending:
        first, behind = count - behind, count - offset
    found = rows.read(kind.plural, kind.singular, _between(connection, number, rank, query, first, behind))
    if len(found) != max(0, behind - first):
        raise Astray
    if not query.ascending:
        found.reverse()
    more = query.offset is None and len(found) < count and found
    token = continuation.after(found[-1].key, window.newest, query, len(found)) if more else ""
    return Page(found, count, window.newest, token)


def _between(
    connection: apsw.Connection, number: int, rank: Rank, query: Query, first: int, behind: int
) -> Iterator[Row]:
    """The rows from position `first` up to `behind`, in ascending order."""
    if first >= behind:
        return
    if query.namespaces is None:
        namespace, position = rank.locate(first)
        name, skip = rank.seek(namespace, position, _lookup(connection, number, namespace))
        where = "(namespace, name) >= (?, ?)"
        yield from rows.between(connection, number, where, (namespace, name), behind - first, skip)
        return
    start = 0
    for namespace in sorted(query.namespaces):
        end = start + rank.total(namespace)
        if start < behind and first < end:
            position = max(first - start, 0)
            name, skip = rank.seek(namespace, position, _lookup(connection, number, namespace))
            where, count = "namespace = ? AND name >= ?", min(behind, end) - start - position
            yield from rows.between(connection, number, where, (namespace, name), count, skip)
        start = end


def _lookup(connection: apsw.Connection, number: int, namespace: str) -> Lookup:
    def lookup(first: str, places: int) -> str:
        found = connection.execute(
            "SELECT name FROM objects INDEXED BY objects_name WHERE kind = ? AND namespace = ? AND name >= ?"
            " ORDER BY name LIMIT 1 OFFSET ?",
            (number, namespace, first, places),
        ).get
        return str(found)

    return lookup


def _continued(
    connection: apsw.Connection, kind: Kind[Any], number: int, rank: Rank, window: Window, query: Query
) -> Page:
    token = continuation.read(kind.plural, query)
    assert token is not None  # noqa: S101 - the caller has looked
    window.check(token.version)
    limit = query.limit or 0
    where, bound = "(namespace, name) > (?, ?)", [token.namespace, token.name]
    if query.namespaces is not None:
        where, bound = "namespace = ? AND " + where, [*query.namespaces, *bound]
    found = rows.read(kind.plural, kind.singular, rows.between(connection, number, where, bound, limit + 1, 0))
    return _cut(found, limit, total(rank, query), token.version, query, 0)


def page(connection: apsw.Connection, kind: Kind[Any], number: int, query: Query) -> Page:
    """A page of any query. Raises Gone, BadRequest, Corrupt."""
    token, window = continuation.read(kind.plural, query), rows.window(connection)
    if token is not None:
        window.check(token.version)
    offset = (query.offset or 0) if token is None else token.offset
    limit = -1 if query.limit is None else query.limit + 1
    known = None
    if query.search and query.offset is not None and query.limit is not None:
        known = hits.counted(connection, number, query)
        ids = hits.page_ids(connection, number, query, known)
    else:
        ids = rows.ids(connection, matching.ids(query, number, token, offset, limit))
    found = list(rows.by_ids(connection, kind.plural, kind.singular, ids))
    complete = token is None and not offset and (query.limit is None or len(found) <= query.limit)
    count = len(found) if complete else known if known is not None else hits.counted(connection, number, query)
    version = window.newest if token is None else token.version
    return _cut(found, query.limit, count, version, query, offset)


def _cut(found: list[Stored], limit: int | None, count: int, version: int, query: Query, offset: int) -> Page:
    """A page of `limit` out of what was found, which is one more when there is more."""
    if limit is None or len(found) <= limit:
        return Page(found, count, version, "")
    items = found[:limit]
    chunked = query.offset is None and items
    token = continuation.after(items[-1].key, version, query, offset + limit) if chunked else ""
    return Page(items, count, version, token)
