"""One write transaction: gives out resourceVersions, keeps the change log and the totals. Writer thread only."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import apsw

from imageyard.domain.objects import Key
from imageyard.store import Change
from imageyard.store.sqlite import bulk, checksum, entry
from imageyard.store.sqlite.moves import Move, Sight


class Transaction:
    """Operations check first and write then: one that raises a Failure has changed nothing."""

    def __init__(self, connection: apsw.Connection, numbers: Mapping[str, int], at: int) -> None:
        self.connection = connection
        self.numbers = numbers
        """The number of each kind, by its plural."""
        self.at = at
        """Now, in microseconds."""
        self.changes: list[Change] = []
        self._before: list[str | None] = []
        self._begun = self.version = _version(connection)
        self.moves: list[Move] = []
        """Of what searches and filters see."""
        self._totals: defaultdict[tuple[int, str], int] = defaultdict(int)

    def next_version(self) -> int:
        """A resourceVersion that was never used."""
        self.version += 1
        return self.version

    def log(
        self,
        type_: Literal["ADDED", "MODIFIED", "DELETED"],
        version: int,
        key: Key,
        uid: str,
        body: bytes,
        managed: bytes,
        before: str | None = None,
    ) -> None:
        """Record a change for watchers now and later. `before`: the stored terms, where they are others now."""
        self.changes.append(
            Change(type_, version, key, uid, body, managed, None if before is None else entry.seen(before))
        )
        self._before.append(before)

    def move(self, version: int, key: Key, before: Sight | None, after: Sight | None) -> None:
        """Tell what searches and filters saw of an object before, and see of it now."""
        if before != after:
            self.moves.append(Move(version, key, before, after))

    def count(self, number: int, namespace: str, step: int) -> None:
        self._totals[number, namespace] += step

    def finish(self) -> None:
        """Write what is written once for the whole group."""
        if self.version == self._begun:
            return
        self.connection.execute("UPDATE meta SET version = ?", (self.version,))
        bulk.insert(self.connection, "changes", [*map(self._row, self.changes, self._before)])
        for (number, namespace), step in self._totals.items():
            if step:
                self.connection.execute(
                    "INSERT INTO totals VALUES (?,?,?) ON CONFLICT DO UPDATE SET total = total + excluded.total",
                    (number, namespace, step),
                )

    def _row(self, change: Change, before: str | None) -> bulk.Row:
        version, key, body = change.resource_version, change.key, change.body
        where = (self.numbers[key.resource], change.type, key.namespace, key.name, change.uid)
        return (version, self.at, *where, checksum.of(body, version), body, change.managed, before)


def _version(connection: apsw.Connection) -> int:
    return int(connection.execute("SELECT version FROM meta").get)
