"""What all users together may store."""

from pathlib import Path

import pytest

from imageyard.domain.access import MASTERS, Actor
from imageyard.domain.errors import Forbidden
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.keyring.aead import AeadKeyring
from imageyard.service.objects import Objects, Patch
from imageyard.service.quota import Quota
from imageyard.store.sqlite.store import SQLiteStore
from tests.fakes.clock import FakeClock
from tests.web.samples import image

ROOT = Actor("root", frozenset({MASTERS}))
TAG = Patch("merge", {"spec": {"tag": "v2"}})


def objects(store: SQLiteStore, clock: FakeClock, quota: Quota) -> Objects:
    return Objects(store, AeadKeyring({"k": bytes(range(32))}, "k"), clock, quota=quota)


async def test_one_object_more_than_may_be_is_forbidden_until_another_is_deleted(tmp_path: Path) -> None:
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store:
        here = objects(store, clock, Quota(objects=2))
        for name in ("one", "two"):
            await here.create(ROOT, REPOSITORY, "default", image(name))
        with pytest.raises(
            Forbidden, match=r"exceeded quota.*used: count/repositories=2, limited: count/repositories=2"
        ):
            await here.create(ROOT, REPOSITORY, "new", {**image("three"), "metadata": {"name": "three"}})
        assert "new" not in await here.namespaces(ROOT)
        await here.patch(ROOT, REPOSITORY, "default", "one", TAG)
        await here.delete(ROOT, REPOSITORY, "default", "one")
        await here.create(ROOT, REPOSITORY, "default", image("three"))


async def test_a_full_database_takes_deletions_only(tmp_path: Path) -> None:
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store:
        await objects(store, clock, Quota()).create(ROOT, REPOSITORY, "default", image("one"))
        here = objects(store, clock, Quota(mib=0))
        with pytest.raises(Forbidden, match=r"exceeded quota.*storage"):
            await here.create(ROOT, REPOSITORY, "default", image("two"))
        with pytest.raises(Forbidden, match=r"exceeded quota.*storage"):
            await here.patch(ROOT, REPOSITORY, "default", "one", TAG)
        await here.delete(ROOT, REPOSITORY, "default", "one")


async def test_the_size_counts_what_is_stored_and_not_what_was_deleted(tmp_path: Path) -> None:
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store:
        before = await store.size()
        large = image("large")
        large["metadata"]["annotations"] = {"example.com/note": "x" * 200_000}
        here = objects(store, clock, Quota())
        await here.create(ROOT, REPOSITORY, "default", large)
        assert await store.size() >= before + 200_000
