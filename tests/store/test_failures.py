"""A full disk, a failing disk, damaged bytes: what must go on goes on, and nothing wrong is said."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from imageyard.domain.errors import Conflict, Corrupt, NotFound, Unavailable
from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Query, readable
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image, names, read, synced, take
from tests.store.conftest import Opener


class Disk(apsw.VFS):
    """The real file system, until `failure` says what every write and sync meets."""

    def __init__(self) -> None:
        super().__init__("failing-disk", base="unix", makedefault=True)
        self.failure: type[apsw.Error] | None = None
        self.room: int | None = None
        """Bytes a file may be long."""

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _File(self, name, flags)

    def touched(self) -> None:
        if self.failure is not None:
            raise self.failure("the disk says no")


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self._disk = disk
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.touched()
        if self._disk.room is not None and offset + len(data) > self._disk.room:
            raise apsw.FullError("the disk has no room")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.touched()
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[Disk]:
    disk = Disk()
    yield disk
    disk.unregister()


@pytest.mark.parametrize("failure", [apsw.FullError, apsw.IOError], ids=["full", "failing"])
async def test_a_disk_that_fails_stops_writes_only_and_for_as_long_as_it_does(
    disk: Disk, opener: Opener, failure: type[apsw.Error]
) -> None:
    async with opener() as store:
        kept = await store.create(REPOSITORY, image("kept"))
        async with store.watch(REPOSITORY) as changes:
            disk.failure = failure
            writes = [store.create(REPOSITORY, image(f"n{number}")) for number in range(5)]
            outcomes = await asyncio.gather(*writes, store.replace(REPOSITORY, synced(kept)), return_exceptions=True)
            assert all(isinstance(outcome, Unavailable) for outcome in outcomes)
            assert (store.readable, store.writable) == (True, False)
            assert await store.get(REPOSITORY, "default", "kept") == kept
            assert names((await store.list(REPOSITORY, Query(search="kept"))).items) == ["kept"]
            disk.failure = None
            after = await store.create(REPOSITORY, image("after"))
            assert store.writable
            assert [change.body for change in await take(changes, 1)] == [after.body]
        assert after.resource_version == kept.resource_version + 1
        assert names((await store.list(REPOSITORY, Query())).items) == ["after", "kept"]


async def test_the_store_finds_out_by_itself_that_it_can_write_again(disk: Disk, opener: Opener) -> None:
    async with opener() as store:
        disk.failure = apsw.FullError
        with pytest.raises(Unavailable):
            await store.create(REPOSITORY, image("a"))
        disk.failure = None
        async with asyncio.timeout(10):
            while not store.writable:  # noqa: ASYNC110 - whoever asks /readyz has nothing to wait on either
                await asyncio.sleep(0.05)


async def test_a_disk_with_room_for_a_few_bytes_is_not_writable(disk: Disk, opener: Opener) -> None:
    async with opener() as store:
        await store.create(REPOSITORY, image("kept"))
    async with opener() as store:
        disk.room = 3 * 4096
        with pytest.raises(Unavailable):
            await store.create(REPOSITORY, image("a"))
        told = set()
        for _ in range(30):
            await asyncio.sleep(0.05)
            told.add(store.writable)
        assert told == {False}
        disk.room = None
        async with asyncio.timeout(10):
            while not store.writable:  # noqa: ASYNC110 - whoever asks /readyz has nothing to wait on either
                await asyncio.sleep(0.05)
        await store.create(REPOSITORY, image("a"))


async def test_what_is_damaged_does_not_hide_the_rest(opener: Opener, tmp_path: Path) -> None:
    async with opener() as store:
        for number in range(1200):
            await store.create(REPOSITORY, image(f"n{number:04}"))
    with apsw.Connection(str(tmp_path / "imageyard.db")) as connection:
        connection.execute("UPDATE objects SET body = x'7b7d' WHERE name IN ('n0007', 'n0700', 'n0701')")
    connection.close()
    async with opener() as store:
        found = [stored.key.name async for stored in readable.each(store, REPOSITORY, Query())]
    assert len(found) == 1197
    assert found == sorted({*found} - {"n0007", "n0700", "n0701"})


async def test_one_that_fails_does_not_fail_its_group(store: SQLiteStore) -> None:
    """Refusals and bugs alike: here an object whose bytes cannot be made."""
    taken = await store.create(REPOSITORY, image("taken"))
    await store.replace(REPOSITORY, synced(taken))
    broken = image("broken")
    broken.status.message = object()  # type: ignore[assignment]
    outcomes = await asyncio.gather(
        store.create(REPOSITORY, image("a")),
        store.create(REPOSITORY, broken),
        store.replace(REPOSITORY, synced(taken)),
        store.delete(REPOSITORY, "default", "nothing"),
        store.create(REPOSITORY, image("b")),
        return_exceptions=True,
    )
    assert [type(outcome).__name__ for outcome in outcomes] == ["Stored", "TypeError", "Conflict", "NotFound", "Stored"]
    assert isinstance(outcomes[2], Conflict)
    assert isinstance(outcomes[3], NotFound)
    assert names((await store.list(REPOSITORY, Query())).items) == ["a", "b", "taken"]
    assert await store.resource_version() == 4


async def test_a_damaged_object_is_named_and_never_served(opener: Opener, tmp_path: Path) -> None:
    async with opener() as store:
        for name in ("a", "b", "c"):
            await store.create(REPOSITORY, image(name))
    with apsw.Connection(str(tmp_path / "imageyard.db")) as connection:
        connection.execute("UPDATE objects SET body = CAST(replace(body, 'team/b', 'evil/b') AS BLOB) WHERE name = 'b'")
    connection.close()
    async with opener() as store:
        with pytest.raises(Corrupt, match="default/b"):
            await store.get(REPOSITORY, "default", "b")
        for query in (Query(), Query(limit=3, offset=0), Query(search="team")):
            with pytest.raises(Corrupt, match="default/b"):
                await store.list(REPOSITORY, query)
        assert (await store.get(REPOSITORY, "default", "a")).key.name == "a"
        deleted = await store.delete(REPOSITORY, "default", "b")
        assert b"evil" not in deleted.body
        assert names((await store.list(REPOSITORY, Query())).items) == ["a", "c"]


async def test_bytes_of_an_older_version_are_not_taken_for_the_newer(opener: Opener, tmp_path: Path) -> None:
    async with opener() as store:
        old = await store.create(REPOSITORY, image("a"))
        await store.replace(REPOSITORY, synced(old))
    with apsw.Connection(str(tmp_path / "imageyard.db")) as connection:
        connection.execute(
            "UPDATE objects SET (body, checksum) = (SELECT body, checksum FROM changes WHERE version = 1)"
        )
    connection.close()
    async with opener() as store:
        with pytest.raises(Corrupt):
            await store.get(REPOSITORY, "default", "a")


async def test_a_file_that_is_no_database_is_refused(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "imageyard.db").write_bytes(b"hello" * 1000)
    with pytest.raises(Corrupt):
        async with opener():
            pass


async def test_nothing_is_taken_after_the_close(opener: Opener) -> None:
    async with opener() as store:
        stored = await store.create(REPOSITORY, image("a"))
    with pytest.raises(Unavailable):
        await store.get(REPOSITORY, "default", "a")
    with pytest.raises(Unavailable):
        await store.replace(REPOSITORY, read(stored))
    assert not store.readable


async def test_what_was_asked_before_the_close_is_done(opener: Opener) -> None:
    async with opener() as store:
        writes = [asyncio.create_task(store.create(REPOSITORY, image(f"n{number}"))) for number in range(50)]
        await asyncio.sleep(0)
    assert len(await asyncio.gather(*writes)) == 50


async def test_deleted_secrets_leave_the_file(opener: Opener, tmp_path: Path) -> None:
    sealed = b"ciphertext that must be gone"
    async with opener() as store:
        await store.create(REPOSITORY, image("a"), sealed=sealed)
        await store.create(REPOSITORY, image("b"))
        await store.delete(REPOSITORY, "default", "a")
    assert all(sealed not in content for _, content in _files(tmp_path).values())


async def test_files_are_for_the_owner_only(store: SQLiteStore, tmp_path: Path) -> None:
    await store.create(REPOSITORY, image("a"))
    assert {name: mode for name, (mode, _) in _files(tmp_path).items()} == {
        "imageyard.db": 0o600,
        "imageyard.db-wal": 0o600,
        "imageyard.db-shm": 0o600,
        "lock": 0o600,
    }


def _files(directory: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each file."""
    return {path.name: (path.stat().st_mode & 0o777, path.read_bytes()) for path in directory.iterdir()}
