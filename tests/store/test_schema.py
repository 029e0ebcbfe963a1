"""Migrations: whole or not at all, never backwards."""

from pathlib import Path

import apsw
import pytest

from imageyard.store.sqlite import connection as connections
from imageyard.store.sqlite import schema
from imageyard.store.sqlite.schema import MIGRATIONS, Newer
from tests.fakes.clock import START
from tests.store.conftest import Opener


def tables(connection: apsw.Connection) -> set[str]:
    return {str(name) for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def breaking(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE half (x)")
    raise apsw.FullError("disk full")


def once(connection: apsw.Connection) -> None:
    connection.execute("CREATE TABLE once (x)")


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path) -> None:
    connection = connections.writer(tmp_path / "x.db")
    with pytest.raises(apsw.FullError):
        schema.migrate(connection, START, (*MIGRATIONS, ("0099-next", breaking)))
    assert "half" not in tables(connection)
    assert schema.refuse_newer(connection) == {name for name, _ in MIGRATIONS}
    schema.migrate(connection, START)
    connection.close()


def test_a_migration_is_applied_once(tmp_path: Path) -> None:
    connection = connections.writer(tmp_path / "x.db")
    for _ in range(2):
        schema.migrate(connection, START, (("0001-once", once),))
    assert "once" in tables(connection)
    connection.close()


async def test_a_newer_database_is_refused_by_name(opener: Opener, tmp_path: Path) -> None:
    async with opener():
        pass
    connection = apsw.Connection(str(tmp_path / "imageyard.db"))
    connection.execute("INSERT INTO migrations VALUES ('0999-later', '')")
    connection.close()
    with pytest.raises(Newer, match="0999-later"):
        async with opener():
            pass


def test_a_kind_keeps_its_number(tmp_path: Path) -> None:
    connection = connections.writer(tmp_path / "x.db")
    schema.migrate(connection, START)
    first = schema.number(connection, ["b", "a"])
    assert schema.number(connection, ["c", "a", "b"]).items() >= first.items()
    connection.close()


def test_history_of_before_learns_where_its_digests_were_found(tmp_path: Path) -> None:
    """A digest that one scope alone holds was found there; of one that several hold nobody knows."""
    connection = connections.writer(tmp_path / "x.db")
    schema.migrate(connection, START, MIGRATIONS[:2])
    connection.execute(
        """
        INSERT INTO notes VALUES (1, 'u', 'sync', 0, x'');
        INSERT INTO named VALUES (1, 'one'), (1, 'two'), (1, 'gone');
        INSERT INTO contents (scope, digest, media_type, at, checksum, body)
            VALUES ('a', 'one', '', 0, 0, x''), ('a', 'two', '', 0, 0, x''), ('b', 'two', '', 0, 0, x'');
        """
    )
    schema.migrate(connection, START)
    found = connection.execute("SELECT digest, scope FROM named ORDER BY digest").fetchall()
    assert found == [("gone", ""), ("one", "a"), ("two", "")]
    connection.execute("DELETE FROM notes")
    assert connection.execute("SELECT count(*) FROM named").get == 0
    connection.close()
