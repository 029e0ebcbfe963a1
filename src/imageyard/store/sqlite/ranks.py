"""The ranks of all kinds, brought to exactly the snapshot that is being read.

Commits are told on the event loop; what a snapshot has beyond the last one told is read from the change log, so a
page never mixes two states. Should the rows ever disagree, a rank is made anew from the totals.
"""

from collections.abc import Iterable, Sequence

import apsw

from imageyard.store import Change
from imageyard.store.sqlite import rows
from imageyard.store.sqlite.rank import Rank


class Ranks:
    """One event loop only, as are the snapshots it is brought to."""

    def __init__(self, connection: apsw.Connection, resources: dict[int, str]) -> None:
        self._resources = resources
        self._ranks: dict[str, Rank] = {}
        self.version = 0
        """The last commit followed."""
        self.reload(connection)

    def reload(self, connection: apsw.Connection) -> None:
        """Begin anew from the totals of a snapshot."""
        totals: dict[str, dict[str, int]] = {resource: {} for resource in self._resources.values()}
        for number, namespace, total in connection.execute("SELECT kind, namespace, total FROM totals"):
            totals[self._resources[number]][namespace] = total
        self._ranks = {resource: Rank(mine) for resource, mine in totals.items()}
        self.version = rows.window(connection).newest

    def tell(self, changes: Sequence[Change], version: int) -> None:
        """Follow a commit."""
        if version > self.version:
            self._follow(
                (change.type, change.key.resource, change.key.namespace, change.key.name)
                for change in changes
                if change.resource_version > self.version
            )
            self.version = version

    def told(self, resource: str) -> tuple[Rank, int]:
        """The rank of a kind as of the last commit told, and the version of that commit."""
        return self._ranks[resource], self.version

    def of(self, resource: str, connection: apsw.Connection, version: int) -> Rank:
        """The rank of a kind as of the snapshot, which is at `version`."""
        if version > self.version:
            missed = connection.execute(
                "SELECT type, kind, namespace, name FROM changes WHERE version > ? ORDER BY version", (self.version,)
            )
            self._follow((type_, self._resources[number], namespace, name) for type_, number, namespace, name in missed)
            self.version = version
        return self._ranks[resource]

    def _follow(self, changes: Iterable[tuple[str, str, str, str]]) -> None:
        for type_, resource, namespace, name in changes:
            if type_ == "ADDED":
                self._ranks[resource].add(namespace, name)
            elif type_ == "DELETED":
                self._ranks[resource].remove(namespace, name)
