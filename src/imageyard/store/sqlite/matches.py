"""Which objects a search found, remembered until a searchable text changes.

Statuses change all the time, names and aliases rarely: a page of a search that was asked before costs no more than
reading its rows. Only searches with few matches are kept, and those asked longest ago are forgotten first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from imageyard.store import Query
from imageyard.store.sqlite import listing

_SEARCHES: Final = 256
LARGEST: Final = 1_000
"""A search with more matches is not kept."""


class Search(NamedTuple):
    """What the ids of a search's matches depend on, besides the texts."""

    resource: str
    namespaces: frozenset[str] | None
    term: str


def of(resource: str, query: Query) -> Search | None:
    """The search of a query that asks for nothing else, in the order of names; None for any other."""
    by_name = query.sort_by == "name" and query.ascending
    numbered = query.offset is not None and query.limit is not None
    if query.search and by_name and numbered and listing.is_unfiltered(query):
        return Search(resource, query.namespaces, query.search)
    return None


class Matches:
    """One event loop only. `stamp` is taken before a search reads and given back with what it found."""

    def __init__(self) -> None:
        self._found: OrderedDict[Search, tuple[int, ...]] = OrderedDict()
        self.stamp = 0

    def get(self, search: Search) -> tuple[int, ...] | None:
        """The ids in the order of names."""
        found = self._found.get(search)
        if found is not None:
            self._found.move_to_end(search)
        return found

    def put(self, search: Search, ids: tuple[int, ...], stamp: int) -> None:
        """Remember them, unless a text changed since the search began to read or there are too many."""
        if stamp == self.stamp and len(ids) <= LARGEST:
            self._found[search] = ids
            if len(self._found) > _SEARCHES:
                self._found.popitem(last=False)

    def forget(self, resources: Iterable[str]) -> None:
        """Searchable texts of these kinds changed."""
        changed = frozenset(resources)
        if changed:
            self.stamp += 1
            for search in [search for search in self._found if search.resource in changed]:
                del self._found[search]
