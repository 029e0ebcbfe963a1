"""Keys of a store that is in use: rotated, finished after a cut, retired; proven by reading the file."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest
from structlog.testing import capture_logs

from imageyard.app import sealing
from imageyard.app.rotation import Rotation
from imageyard.domain.errors import Conflict, NotFound, Unavailable
from imageyard.domain.kinds import KINDS, REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret, RegistrySecretSpec
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret
from imageyard.keyring import Owner
from imageyard.keyring.aead import AeadKeyring, key_id_of
from imageyard.keyring.command import CommandKeys
from imageyard.keyring.keyfile import KeyFiles
from imageyard.keyring.keys import Keys
from imageyard.store.sqlite.store import SQLiteStore
from tests.fakes.clock import START, FakeClock


class Yard:
    """A store, its keys on disk, and sources whose passwords are their names."""

    def __init__(self, store: SQLiteStore, directory: Path) -> None:
        self.store = store
        self.files = KeyFiles(directory / "keys")
        self.keyring = AeadKeyring.of(self.files.renewed())
        self.rotation = Rotation(store, self.keyring, self.files)
        self._database = directory / "imageyard.db"

    async def add(self, name: str) -> None:
        meta = ObjectMeta(name=name, namespace="default", uid=f"uid-{name}", creation_timestamp=START)
        spec = RegistrySecretSpec(domain="r.example.com", username="robot", provider="other")
        made = RegistrySecret(metadata=meta, spec=spec)
        await self.store.create(REGISTRY_SECRET, made, sealed=self.keyring.seal(bound(name), Secret(name)))

    async def change(self, name: str) -> None:
        """Write the source again, its password sealed by the key that is current when this is called."""
        obj = REGISTRY_SECRET.decode((await self.store.get(REGISTRY_SECRET, "default", name)).body)
        await self.store.replace(REGISTRY_SECRET, obj, sealed=self.keyring.seal(bound(name), Secret(name)))

    @contextmanager
    def disk_busy(self) -> Iterator[None]:
        """Nothing is committed in the meantime; reads go on."""
        with closing(apsw.Connection(str(self._database))) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")

    def damage(self, name: str, statement: str) -> None:
        named = f"WHERE id = (SELECT id FROM objects WHERE name = '{name}')"
        with closing(apsw.Connection(str(self._database))) as connection:
            connection.set_busy_timeout(5000)
            connection.execute(f"UPDATE sealed SET value = {statement} {named}")

    def read(self) -> dict[str, bytes]:
        """By name what is sealed, as any program reads it from the file."""
        with closing(apsw.Connection(str(self._database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            return dict(connection.execute("SELECT o.name, s.value FROM sealed s JOIN objects o ON o.id = s.id"))

    def under(self) -> Counter[str]:
        return Counter(key_id_of(value) for value in self.read().values())


def bound(name: str) -> Owner:
    return Owner("RegistrySecret", "default", name, f"uid-{name}", "password")


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    async with SQLiteStore.open(tmp_path, KINDS, now=FakeClock().now) as store:
        yield Yard(store, tmp_path)


async def test_no_write_slips_past_a_rotation(yard: Yard) -> None:
    """Sources are made all the while, in the very moment in which the key changes as well."""
    for number in range(300):
        await yard.add(f"before-{number}")
    old = yard.keyring.current

    async def write(lane: int) -> None:
        for number in range(60):
            await yard.add(f"during-{lane}-{number}")

    writing = [asyncio.create_task(write(lane)) for lane in range(4)]
    await asyncio.sleep(0)
    done = await yard.rotation.rotate()
    assert old not in yard.under(), "right when the rotation has answered"
    await asyncio.gather(*writing)
    assert yard.under() == {done.key: 540}
    ring = AeadKeyring.of(yard.files.load())
    assert all(ring.open(bound(name), value).reveal() == name for name, value in yard.read().items())
    assert done.damaged == []


async def test_a_write_that_is_on_its_way_when_the_key_changes_is_sealed_anew(yard: Yard) -> None:
    await yard.add("a")
    old = yard.keyring.current
    with yard.disk_busy():
        writing = asyncio.create_task(yard.change("a"))
        rotating = asyncio.create_task(yard.rotation.rotate())
        while yard.keyring.current == old:  # noqa: ASYNC110 - nothing to wait on
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # a rotation that waits for nothing would read the file now
    await asyncio.gather(writing, rotating)
    assert yard.under() == {yard.keyring.current: 1}


async def test_two_rotations_at_once_come_one_after_the_other(yard: Yard) -> None:
    await yard.add("a")
    first, second = await asyncio.gather(yard.rotation.rotate(), yard.rotation.rotate())
    assert (first.sealed, second.sealed, yard.under()) == (1, 1, {second.key: 1})


async def test_a_damaged_value_is_named_and_stops_no_rotation(yard: Yard) -> None:
    for name in ("a", "flipped", "rubbish", "z"):
        await yard.add(name)
    yard.damage("flipped", "CAST(substr(value, 1, length(value) - 1) || x'00ff' AS BLOB)")
    yard.damage("rubbish", "x'0102'")
    with capture_logs() as logs:
        done = await yard.rotation.rotate()
    assert (done.sealed, done.damaged) == (2, ["default/flipped", "default/rubbish"])
    assert {entry["credential_of"] for entry in logs if entry["event"] == "credential_damaged"} == {*done.damaged}
    uses = await yard.rotation.uses()
    assert (uses.damaged, sum(use.values for use in uses.items)) == (1, 3)


async def test_a_rotation_that_was_cut_off_is_finished_by_the_next_start(yard: Yard) -> None:
    for number in range(5):
        await yard.add(f"s{number}")
    new = yard.files.renewed().current  # as a rotation leaves it that was killed before its first batch
    source = KeyFiles(yard.files._directory)
    started = Rotation(yard.store, await sealing.keyring(yard.store, source), source)
    with capture_logs() as logs:
        await started.finish()
        await started.finish()
    assert yard.under() == {new: 5}
    assert [(entry["event"], entry.get("left"), entry.get("sealed")) for entry in logs] == [
        ("keys_rotation_resumed", 5, None),
        ("keys_rotation_finished", None, 5),
    ]


async def test_a_key_is_retired_once_nothing_is_under_it(yard: Yard) -> None:
    await yard.add("a")
    old = yard.keyring.current
    with pytest.raises(Conflict, match="it is the current one"):
        await yard.rotation.retire(old)
    new = yard.files.renewed()
    yard.keyring.adopt(new)
    with pytest.raises(Conflict, match="1 credentials are sealed under it; rotate first"):
        await yard.rotation.retire(old)
    await yard.rotation.rotate()
    with pytest.raises(NotFound):
        await yard.rotation.retire("00000000")
    await yard.rotation.retire(old)
    assert old not in yard.files.load().by_id
    assert await yard.rotation.prune() == [new.current]
    uses = await yard.rotation.uses()
    assert [(use.id, use.current, use.values, use.held) for use in uses.items] == [(uses.current, True, 1, True)]


async def test_a_key_that_is_gone_from_its_source_is_held_until_nothing_is_under_it(yard: Yard) -> None:
    """The memory of the running server may be the last place where it is."""
    await yard.add("a")
    old = yard.keyring.current
    yard.files.drop(old)
    done = await yard.rotation.rotate()
    assert (done.sealed, yard.under(), old in yard.keyring.ids) == (1, {done.key: 1}, False)


async def test_the_operator_rotates_at_a_command(yard: Yard, tmp_path: Path) -> None:
    """A new key at the source, current there; `keys rotate` reads it and seals everything under it. Nothing of it is
    written to the disk."""
    delivered = tmp_path / "delivered.json"
    first = Keys("k1", {"k1": b"1." * 16})
    delivered.write_bytes(first.document())
    source = CommandKeys(f"cat {delivered}")
    yard.keyring = await sealing.keyring(yard.store, source)
    yard.rotation = Rotation(yard.store, yard.keyring, source)
    await yard.add("a")
    delivered.write_bytes(Keys("k2", {**first.by_id, "k2": b"2." * 16}).document())
    done = await yard.rotation.rotate()
    assert (done.key, done.sealed, done.source, yard.under()) == ("k2", 1, "command", {"k2": 1})
    with pytest.raises(Conflict, match=r"remove it at its source instead: what the key command \(cat\) delivers"):
        await yard.rotation.retire("k1")
    delivered.write_bytes(Keys("k2", {"k2": b"xy" * 16}).document())
    with pytest.raises(Unavailable, match="'k2' is another one than before"):
        await yard.rotation.rotate()
    delivered.unlink()
    with pytest.raises(Unavailable, match=r"the key command \(cat\): it ended with 1"):
        await yard.rotation.rotate()
    await yard.add("b")
    assert yard.under() == {"k2": 2}, "and works on with the keys it has"
