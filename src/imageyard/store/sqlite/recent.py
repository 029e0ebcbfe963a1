"""Objects that were read lately, as they are: who asks again gets them from memory.

Nothing here is a second truth. Whatever a commit changed is dropped before its writer is answered, and a checksum was
compared when it was read.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from imageyard.domain.objects import Key
from imageyard.store import Change, Stored

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all together; those asked for longest ago go first. Some 20,000 images."""
_OVERHEAD: Final = 500
"""Bytes of Python around one, about."""


class Recent:
    """One event loop only."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held: OrderedDict[Key, Stored] = OrderedDict()
        self.size = 0
        """Bytes, about."""

    def get(self, key: Key) -> Stored | None:
        """The object as of the last commit told, None when it is not held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def put(self, stored: Stored) -> None:
        """Hold what was just read on the event loop."""
        self._drop(stored.key)
        self._held[stored.key] = stored
        self.size += _size(stored)
        while self.size > self._most:
            self._drop(next(iter(self._held)))

    def tell(self, changes: Iterable[Change]) -> None:
        """Follow a commit."""
        for change in changes:
            self._drop(change.key)

    def _drop(self, key: Key) -> None:
        dropped = self._held.pop(key, None)
        if dropped is not None:
            self.size -= _size(dropped)


def _size(stored: Stored) -> int:
    return len(stored.body) + len(stored.managed) + _OVERHEAD
