"""The tables, as named migrations: each is applied with its record in one transaction, in the order of this file.

A migration that was released is never edited. Texts compare by their bytes, as Python compares strings.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import apsw

from imageyard.domain.errors import Failure
from imageyard.domain.text import Text


class Newer(Failure):
    """The database was written by a later version of this program."""

    def __init__(self, name: str) -> None:
        super().__init__(
            Text(
                f"数据库由更新版本的 imageyard 写入（{name}），请使用该版本或更新版本打开",
                f"the database was written by a newer imageyard (it has `{name}`); open it with that version or later",
            )
        )


def _objects(connection: apsw.Connection) -> None:
    """`objects.id` is the kind's number and the resourceVersion of the creation: 40 bits of the latter, so that one
    range of ids is one kind. Narrow columns stand before `body`."""
    connection.execute(
        """
        CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, trimmed INTEGER NOT NULL)
            STRICT;
        INSERT INTO meta VALUES (1, 0, 0);
        CREATE TABLE kinds (id INTEGER PRIMARY KEY, resource TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE objects (
            id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
            uid TEXT NOT NULL, version INTEGER NOT NULL, checksum INTEGER NOT NULL,
            created INTEGER, status TEXT NOT NULL, reference TEXT NOT NULL, due INTEGER, synced INTEGER,
            failing INTEGER NOT NULL, terms TEXT NOT NULL, body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX objects_name ON objects (kind, namespace, name);
        CREATE INDEX objects_status ON objects (kind, status, namespace, name);
        CREATE INDEX objects_created ON objects (kind, created, namespace, name);
        CREATE INDEX objects_synced ON objects (kind, synced, namespace, name);
        CREATE INDEX objects_due ON objects (kind, due, namespace, name) WHERE due IS NOT NULL;
        CREATE INDEX objects_reference ON objects (kind, reference, failing) WHERE reference <> '';
        CREATE INDEX objects_failing ON objects (kind, namespace, name) WHERE failing = 1;
        CREATE TABLE totals (
            kind INTEGER NOT NULL, namespace TEXT NOT NULL, total INTEGER NOT NULL, PRIMARY KEY (kind, namespace)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE terms (
            kind INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL,
            PRIMARY KEY (kind, key, value, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE texts (
            id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL
        ) STRICT;
        CREATE VIRTUAL TABLE grams USING fts5
            (tokens, content='', contentless_delete=1, detail=none, tokenize='ascii');
        CREATE TABLE unindexed (id INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE changes (
            version INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, type TEXT NOT NULL,
            namespace TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, checksum INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        """
    )


def _companions(connection: apsw.Connection) -> None:
    """What is written with an object or beside it: its sealed secret, its history, the contents this names."""
    connection.execute(
        """
        CREATE TABLE sealed (id INTEGER PRIMARY KEY REFERENCES objects (id), value BLOB NOT NULL) STRICT;
        CREATE TABLE notes (
            id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL, stream TEXT NOT NULL, checksum INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX notes_uid ON notes (uid, stream, id);
        CREATE TABLE named (
            note INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE, digest TEXT NOT NULL,
            PRIMARY KEY (note, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX named_digest ON named (digest);
        CREATE TABLE contents (
            id INTEGER PRIMARY KEY, scope TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL,
            at INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (scope, digest)
        ) STRICT;
        CREATE INDEX contents_at ON contents (at, digest);
        """
    )


def _holders(connection: apsw.Connection) -> None:
    """From which namespaces something is referred to is counted from the index alone."""
    connection.execute(
        """
        DROP INDEX objects_reference;
        CREATE INDEX objects_reference ON objects (kind, reference, namespace, failing) WHERE reference <> '';
        """
    )


def _scopes(connection: apsw.Connection) -> None:
    """Where a line of history names its digests. For the lines that are there it is told when only one scope holds the
    digest, and is "" otherwise."""
    connection.execute(
        """
        CREATE TABLE scoped (
            note INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE, digest TEXT NOT NULL, scope TEXT NOT NULL,
            PRIMARY KEY (note, digest, scope)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO scoped SELECT note, digest, coalesce(scope, '') FROM named LEFT JOIN
            (SELECT digest, min(scope) AS scope FROM contents GROUP BY digest HAVING count(*) = 1) USING (digest);
        DROP TABLE named;
        ALTER TABLE scoped RENAME TO named;
        CREATE INDEX named_digest ON named (digest);
        """
    )


def _contents(connection: apsw.Connection) -> None:
    """Contents are dropped by their digest. Configs are kept under keys of their own (`registry.config.key`)."""
    connection.execute(
        """
        CREATE INDEX contents_digest ON contents (digest);
        UPDATE OR REPLACE contents SET digest = 'config:' || digest WHERE media_type IN
            ('application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json');
        UPDATE named SET digest = 'config:' || digest WHERE EXISTS
            (SELECT 1 FROM contents WHERE contents.digest = 'config:' || named.digest);
        """
    )


def _managed(connection: apsw.Connection) -> None:
    """managedFields, which only some objects have and only some doors show: beside the objects, not in their rows.
    And what selectors saw of an object before a change, where the change moved it."""
    connection.execute(
        """
        CREATE TABLE managed (
            id INTEGER PRIMARY KEY REFERENCES objects (id), checksum INTEGER NOT NULL, body BLOB NOT NULL
        ) STRICT;
        ALTER TABLE changes ADD COLUMN managed BLOB NOT NULL DEFAULT x'';
        ALTER TABLE changes ADD COLUMN before TEXT;
        """
    )


def _grams(connection: apsw.Connection) -> None:
    """Tokens of one and two characters too. Texts are indexed anew, by and by; until then each is looked through."""
    connection.execute(
        """
        DELETE FROM grams;
        UPDATE texts SET text = replace(text, char(31, 31), char(31));
        INSERT OR IGNORE INTO unindexed SELECT id FROM texts WHERE text <> '';
        """
    )


Migration = tuple[str, Callable[[apsw.Connection], None]]
MIGRATIONS: Final[tuple[Migration, ...]] = (
    ("0001-objects", _objects),
    ("0002-companions", _companions),
    ("0003-holders", _holders),
    ("0004-scopes", _scopes),
    ("0005-contents", _contents),
    ("0006-managed", _managed),
    ("0007-grams", _grams),
)


def migrate(connection: apsw.Connection, now: datetime, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring the database up to date. Raises Newer when it is ahead of this program."""
    connection.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied TEXT NOT NULL) STRICT")
    applied = refuse_newer(connection, migrations)
    for name, change in migrations:
        if name not in applied:
            with connection:
                change(connection)
                connection.execute("INSERT INTO migrations VALUES (?, ?)", (name, now.isoformat()))


def refuse_newer(connection: apsw.Connection, migrations: Sequence[Migration] = MIGRATIONS) -> set[str]:
    """The names of the applied migrations. Raises Newer when one of them is unknown here."""
    applied = {str(name) for (name,) in connection.execute("SELECT name FROM migrations")}
    unknown = applied - {name for name, _ in migrations}
    if unknown:
        raise Newer(max(unknown))
    return applied


def number(connection: apsw.Connection, resources: Sequence[str]) -> dict[str, int]:
    """Give every kind its number; one that has one keeps it."""
    with connection:
        connection.executemany("INSERT OR IGNORE INTO kinds (resource) VALUES (?)", [(name,) for name in resources])
    return {str(resource): int(id_) for id_, resource in connection.execute("SELECT id, resource FROM kinds")}
