"""Backups: of one moment, verified, whole; restores: refused when in doubt, and never back in time."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import apsw
import pytest

from imageyard.domain.errors import Corrupt, Gone
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store import Query
from imageyard.store.lock import Locked
from imageyard.store.sqlite import backup
from imageyard.store.sqlite.schema import MIGRATIONS, Newer, migrate
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image, names, synced
from tests.fakes.clock import FakeClock
from tests.store.conftest import Opener


async def test_a_backup_under_load_is_a_state_that_was(opener: Opener, tmp_path: Path) -> None:
    """Every object up to one resourceVersion, none beyond it."""
    target = tmp_path / "copy" / "imageyard.db"
    target.parent.mkdir()
    async with opener() as store:

        async def write(writer: int) -> None:
            for number in range(100):
                await store.create(REPOSITORY, image(f"w{writer}-{number}"))

        writing = [asyncio.create_task(write(writer)) for writer in range(4)]
        await asyncio.sleep(0.02)
        await backup.backup(store, target)
        await asyncio.gather(*writing)
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in target.parent.iterdir()) == ["imageyard.db"]
    copied = await _versions(target.parent)
    assert copied == list(range(1, len(copied) + 1))


async def _versions(directory: Path) -> list[int]:
    async with SQLiteStore.open(directory, KINDS, now=FakeClock().now) as store:
        return sorted(item.resource_version for item in (await store.list(REPOSITORY, Query())).items)


async def test_a_restore_brings_back_what_was(opener: Opener, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    async with opener() as store:
        kept = await store.create(REPOSITORY, image("kept", display="网关"), sealed=b"sealed")
        await asyncio.to_thread(backup.copy, tmp_path, file)
        await store.create(REPOSITORY, image("later"))
    backup.restore(file, tmp_path)
    async with opener() as store:
        assert list((await store.list(REPOSITORY, Query())).items) == [kept]
        assert await store.sealed(REPOSITORY, "default", "kept") == b"sealed"
        assert names((await store.list(REPOSITORY, Query(search="网"))).items) == ["kept"]
    assert (tmp_path / "imageyard.db.replaced").exists()


async def test_versions_do_not_come_again_after_a_restore(opener: Opener, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    async with opener() as store:
        kept = await store.create(REPOSITORY, image("kept"))
        await backup.backup(store, file)
        last = await store.create(REPOSITORY, image("later"))
    backup.restore(file, tmp_path)
    async with opener() as store:
        assert (await store.replace(REPOSITORY, synced(kept))).resource_version > last.resource_version
        for since in (kept.resource_version, last.resource_version):
            async with store.watch(REPOSITORY, since=since) as changes:
                with pytest.raises(Gone):
                    await anext(changes)


async def test_a_restore_waits_for_nobody(store: SQLiteStore, tmp_path: Path) -> None:
    await backup.backup(store, tmp_path / "backup.db")
    with pytest.raises(Locked):
        backup.restore(tmp_path / "backup.db", tmp_path)


@pytest.mark.parametrize("damage", ["text", "cut", "flipped", "foreign"])
async def test_what_is_no_whole_backup_is_refused_and_nothing_is_touched(
    opener: Opener, tmp_path: Path, damage: str
) -> None:
    file, database = tmp_path / "backup.db", tmp_path / "imageyard.db"
    async with opener() as store:
        for number in range(50):
            await store.create(REPOSITORY, image(f"n{number}"))
        await backup.backup(store, file)
    before, data = database.read_bytes(), bytearray(file.read_bytes())
    match damage:
        case "text":
            file.write_text("no database at all, but long enough for a header of a hundred bytes\n" * 9)
        case "cut":
            file.write_bytes(data[: len(data) // 2])
        case "flipped":
            data[4096 * 5 : 4096 * 6] = bytes(4096)
            file.write_bytes(data)
        case _:
            file.unlink()
            apsw.Connection(str(file)).execute("CREATE TABLE other (x)")
    with pytest.raises(Corrupt):
        backup.restore(file, tmp_path)
    assert database.read_bytes() == before


async def test_a_backup_of_a_newer_version_is_refused(opener: Opener, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    async with opener() as store:
        await backup.backup(store, file)
    connection = apsw.Connection(str(file))
    connection.execute("INSERT INTO migrations VALUES ('0999-later', '')")
    connection.close()
    with pytest.raises(Newer):
        backup.restore(file, tmp_path)


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        backup.restore(tmp_path / "none.db", tmp_path)
    with pytest.raises(FileNotFoundError):
        backup.copy(tmp_path, tmp_path / "backup.db")
    assert not (tmp_path / "backup.db").exists()


FOREIGN = {
    "CREATE TRIGGER evil AFTER UPDATE ON meta BEGIN DELETE FROM objects; END": "trigger 'evil'",
    "CREATE VIEW extra AS SELECT 1": "view 'extra'",
    "CREATE TABLE extra (x)": "table 'extra'",
    "CREATE INDEX extra ON objects (abs(version))": "index 'extra'",
    'CREATE TABLE "a\nb\x1b[2J" (x)': r"table 'a\nb\x1b[2J'",
    "DROP TABLE totals; CREATE VIEW totals AS SELECT 1": "view 'totals'",
    "DROP INDEX objects_name; CREATE INDEX objects_name ON changes (name)": "index 'objects_name'",
    "DROP TABLE terms": "has no table terms",
    "PRAGMA application_id = 1234": "is marked as another program's",
    "PRAGMA user_version = 7": "is marked as another program's",
}


@pytest.mark.parametrize("statement", FOREIGN)
async def test_a_backup_into_which_somebody_put_more_is_refused_and_nothing_is_touched(
    opener: Opener, tmp_path: Path, statement: str
) -> None:
    file, database = tmp_path / "backup.db", tmp_path / "imageyard.db"
    async with opener() as store:
        await store.create(REPOSITORY, image("kept"))
        await backup.backup(store, file)
    before = database.read_bytes()
    connection = apsw.Connection(str(file))
    connection.execute(statement)
    connection.close()
    with pytest.raises(Corrupt) as caught:
        backup.restore(file, tmp_path)
    assert str(caught.value).startswith(f"{file} is no backup of imageyard: it ")
    assert FOREIGN[statement] in str(caught.value)
    assert database.read_bytes() == before


@pytest.mark.parametrize("count", range(1, len(MIGRATIONS) + 1))
def test_a_backup_of_each_earlier_version_is_taken(tmp_path: Path, count: int) -> None:
    connection = apsw.Connection(str(tmp_path / "backup.db"))
    migrate(connection, datetime.now(UTC), MIGRATIONS[:count])
    connection.execute("ANALYZE")
    connection.close()
    backup.restore(tmp_path / "backup.db", tmp_path)


def test_what_is_no_regular_file_is_told_as_that(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for file in (tmp_path, tmp_path / "fifo", Path("/dev/null")):
        with pytest.raises(OSError, match=f"{file} is no regular file"):
            backup.restore(file, tmp_path)
