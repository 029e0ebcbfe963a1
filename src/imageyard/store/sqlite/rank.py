"""Order statistics: which name stands at position n, without walking there.

The names of a namespace are cut into blocks of about a hundred; per block the first name and the count are kept in
memory. A page then begins at a block's first name and skips less than a block. Blocks are made when a deep page is
first asked for and follow the change log from then on. Pure: how a name is looked up is passed in.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Mapping
from itertools import accumulate
from typing import Final

SIZE: Final = 64
"""Names in a new block. A block is split at twice, and merged with its neighbour below half."""

Lookup = Callable[[str, int], str]
"""(first, n) -> the name n places behind the first name that is not before `first`."""


class Blocks:
    """The names of one namespace. Block i holds those from `starts[i]` up to `starts[i + 1]`."""

    def __init__(self, total: int) -> None:
        self._starts = [""]
        self._counts = [total]
        self._ends: list[int] | None = None
        """Running totals; None after a change."""

    def seek(self, position: int, lookup: Lookup) -> tuple[str, int]:
        """Where to begin and how many names to skip to stand at `position`."""
        block, before = self._block_at(position)
        if self._counts[block] > 2 * SIZE:
            self._split(block, lookup)
            block, before = self._block_at(position)
        return self._starts[block], position - before

    def known(self, position: int) -> tuple[str, int] | None:
        """What `seek` answers, None when it would split a block first."""
        block, before = self._block_at(position)
        return None if self._counts[block] > 2 * SIZE else (self._starts[block], position - before)

    def add(self, name: str) -> None:
        self._counts[bisect_right(self._starts, name) - 1] += 1
        self._ends = None

    def remove(self, name: str) -> None:
        block = bisect_right(self._starts, name) - 1
        self._counts[block] -= 1
        self._ends = None
        if len(self._starts) > 1:
            first = max(0, min(block, len(self._starts) - 2))
            if self._counts[first] + self._counts[first + 1] <= SIZE // 2:
                self._counts[first] += self._counts.pop(first + 1)
                del self._starts[first + 1]

    def _block_at(self, position: int) -> tuple[int, int]:
        if self._ends is None:
            self._ends = list(accumulate(self._counts))
        block = min(bisect_right(self._ends, position), len(self._ends) - 1)
        return block, self._ends[block] - self._counts[block]

    def _split(self, block: int, lookup: Lookup) -> None:
        """One walk over the block, remembered."""
        starts, left = [self._starts[block]], self._counts[block]
        counts = []
        while left > SIZE:
            starts.append(lookup(starts[-1], SIZE))
            counts.append(SIZE)
            left -= SIZE
        self._starts[block : block + 1] = starts
        self._counts[block : block + 1] = [*counts, left]
        self._ends = None


class Rank:
    """All objects of one kind in the order of namespace and name."""

    def __init__(self, totals: Mapping[str, int]) -> None:
        self._totals = {namespace: total for namespace, total in totals.items() if total}
        self._blocks: dict[str, Blocks] = {}
        self._namespaces = sorted(self._totals)
        self._ends: list[int] | None = None

    def total(self, namespace: str | None = None) -> int:
        """How many objects there are, in one namespace or in all."""
        if namespace is not None:
            return self._totals.get(namespace, 0)
        ends = self._running_totals()
        return ends[-1] if ends else 0

    def locate(self, position: int) -> tuple[str, int]:
        """The namespace in which the object at `position` of all lies, and its position there."""
        ends = self._running_totals()
        at = min(bisect_right(ends, position), len(ends) - 1)
        namespace = self._namespaces[at]
        return namespace, position - (ends[at] - self._totals[namespace])

    def known(self, namespace: str, position: int) -> tuple[str, int] | None:
        """What `seek` answers, None when it would have to look names up."""
        if position < 2 * SIZE:
            return "", position
        blocks = self._blocks.get(namespace)
        return None if blocks is None else blocks.known(position)

    def seek(self, namespace: str, position: int, lookup: Lookup) -> tuple[str, int]:
        """Where to begin in a namespace, and how many names to skip, to stand at `position` there."""
        if position < 2 * SIZE:
            return "", position
        blocks = self._blocks.get(namespace)
        if blocks is None:
            blocks = self._blocks[namespace] = Blocks(self._totals[namespace])
        return blocks.seek(position, lookup)

    def add(self, namespace: str, name: str) -> None:
        if namespace not in self._totals:
            insort(self._namespaces, namespace)
        self._totals[namespace] = self._totals.get(namespace, 0) + 1
        self._ends = None
        if blocks := self._blocks.get(namespace):
            blocks.add(name)

    def remove(self, namespace: str, name: str) -> None:
        self._totals[namespace] -= 1
        self._ends = None
        if not self._totals[namespace]:
            del self._totals[namespace]
            del self._namespaces[bisect_left(self._namespaces, namespace)]
            self._blocks.pop(namespace, None)
        elif blocks := self._blocks.get(namespace):
            blocks.remove(name)

    def _running_totals(self) -> list[int]:
        if self._ends is None:
            self._ends = list(accumulate(self._totals[namespace] for namespace in self._namespaces))
        return self._ends
