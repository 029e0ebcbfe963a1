"""Pages that were read and still hold: what a console asks for again and again costs no more than looking here.

Nothing here is a second truth. A page is given out only while no commit that was told since can have changed it:
making or removing an object moves all pages of its namespace, changing one leaves pages alone that do not reach over
it. Commits are told before their writers are answered, so nobody reads what was there before his own write.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable
from typing import Final

from imageyard.domain.objects import Key
from imageyard.store import Bodies, Change, Page, Query
from imageyard.store.sqlite import listing

MOST_BYTES: Final = 128 * 1024 * 1024
"""Of bodies in all pages together; the pages asked for longest ago go first. 100,000 images in pages of 20."""
_OVERHEAD: Final = 100
"""Bytes of Python around a body, about."""
_FOLLOWED: Final = 512
"""Changes of a resource that are looked through; a page that has missed more is read again."""

Place = tuple[str, str]
"""Namespace and name: what pages are ordered by."""


class _Held:
    """A page with the first and last place it reaches over, true as of `version`."""

    __slots__ = ("first", "is_filtered", "last", "namespace", "page", "size", "version")

    def __init__(self, query: Query, page: Page, first: Place, last: Place, size: int) -> None:
        self.namespace = next(iter(query.namespaces or (None,)))
        self.is_filtered = not listing.is_plain(query)
        self.page = page
        self.first = first
        self.last = last
        self.size = size
        self.version = page.resource_version


class _Journal:
    """What happened to a resource's objects: where some came or went last, which changed lately."""

    __slots__ = ("_changed", "_forgotten", "_reordered", "moved")

    def __init__(self) -> None:
        self._reordered: dict[str | None, int] = {}
        """By namespace, and under None for all of them."""
        self._changed: deque[tuple[int, Place]] = deque()
        self._forgotten = 0
        """The newest change that is no longer in `_changed`."""
        self.moved = 0
        """When an object last moved in or out of a search or a filter, perhaps."""

    def note(self, change: Change) -> None:
        version, key = change.resource_version, change.key
        if change.type != "MODIFIED":
            self._reordered[key.namespace] = self._reordered[None] = version
            return
        self._changed.append((version, _place(key)))
        if len(self._changed) > _FOLLOWED:
            self._forgotten = self._changed.popleft()[0]

    def spares(self, held: _Held) -> bool:
        """Whether nothing since `held.version` concerns the page."""
        if max(self._reordered.get(held.namespace, 0), self._forgotten) > held.version:
            return False
        for version, place in reversed(self._changed):
            if version <= held.version:
                return True
            if held.first <= place <= held.last:
                return False
        return True


class Pages:
    """One event loop only."""

    def __init__(self, version: int, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._version = version
        self._held: OrderedDict[tuple[str, Query], _Held] = OrderedDict()
        self.size = 0
        """Bytes, about."""
        self._journals: defaultdict[str, _Journal] = defaultdict(_Journal)

    def get(self, resource: str, query: Query) -> Page | None:
        """The page as of the last commit told, None when it is not held or no longer true."""
        asked = (resource, query)
        held = self._held.get(asked)
        if held is None:
            return None
        if held.version < self._version:
            journal = self._journals[resource]
            if not journal.spares(held) or (held.is_filtered and journal.moved > held.version):
                self._drop(asked)
                return None
            held.version = self._version
            held.page = held.page._replace(resource_version=self._version)
        self._held.move_to_end(asked)
        return held.page

    def put(self, resource: str, query: Query, page: Page) -> None:
        """Hold a page that was read at its `resource_version` or later, for a query of one namespace or all, in the
        order of names."""
        items = page.items
        if not items or not isinstance(items, Bodies):
            return
        size = sum(map(len, items.bodies)) + _OVERHEAD * len(items)
        if size > self._most // 8:
            return
        first, last = sorted((items[0].key, items[-1].key), key=_place)
        asked = (resource, query)
        self._drop(asked)
        self._held[asked] = _Held(query, page, _place(first), _place(last), size)
        self.size += size
        while self.size > self._most:
            self._drop(next(iter(self._held)))

    def tell(self, changes: Iterable[Change], moved: Iterable[str], version: int) -> None:
        """Follow a commit. `moved` are the resources of whose objects searches and filters see something else now."""
        for resource in moved:
            self._journals[resource].moved = version
        for change in changes:
            self._journals[change.key.resource].note(change)
        self._version = version

    def _drop(self, asked: tuple[str, Query]) -> None:
        held = self._held.pop(asked, None)
        if held is not None:
            self.size -= held.size


def _place(key: Key) -> Place:
    return key.namespace, key.name
