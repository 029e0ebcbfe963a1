"""Reading the change log: what a watch missed before it was registered."""

from typing import Final, NamedTuple

import apsw

from imageyard.domain.objects import Key
from imageyard.store import Change
from imageyard.store.sqlite import checksum, entry, rows

_BATCH: Final = 500
_BATCH_BYTES: Final = 1024 * 1024


class Scope(NamedTuple):
    """What a watch looks at. `number` is the kind's; `namespace` None means all."""

    resource: str
    singular: str
    number: int
    namespace: str | None


def read(connection: apsw.Connection, scope: Scope, since: int, until: int) -> tuple[list[Change], bool]:
    """The next changes after `since` up to `until`, and whether these are all.
    Raises Gone when they are not kept any more, Corrupt."""
    rows.window(connection).check(since)
    found: list[Change] = []
    size = 0
    cursor = connection.execute(
        "SELECT version, type, namespace, name, uid, checksum, body, managed, before FROM changes"
        " WHERE version > ? AND version <= ? AND kind = ? AND (? IS NULL OR namespace = ?) ORDER BY version",
        (since, until, scope.number, scope.namespace, scope.namespace),
    )
    for version, type_, namespace, name, uid, crc, body, managed, before in cursor:
        if checksum.of(body, version) != crc:
            raise checksum.damaged(scope.singular, namespace, name)
        seen = None if before is None else entry.seen(before)
        found.append(Change(type_, version, Key(scope.resource, namespace, name), uid, body, managed, seen))
        size += len(body) + len(managed)
        if len(found) == _BATCH or size > _BATCH_BYTES:
            return found, False
    return found, True
