"""Patient writes share a transaction; a write that somebody waits for takes them along."""

import asyncio
from pathlib import Path

from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image, synced
from tests.fakes.clock import FakeClock


async def test_patient_writes_of_several_moments_are_one_transaction(tmp_path: Path) -> None:
    commits: list[float] = []
    opened = SQLiteStore.open(
        tmp_path, KINDS, now=FakeClock().now, observe_commit=lambda seconds: commits.append(seconds), patience=0.2
    )
    async with opened as store:
        made = [await store.create(REPOSITORY, image(f"image-{number}")) for number in range(5)]
        commits.clear()
        writing = []
        for each in made:
            writing.append(asyncio.ensure_future(store.replace(REPOSITORY, synced(each), patient=True)))
            await asyncio.sleep(0.001)
        versions = [stored.resource_version for stored in await asyncio.gather(*writing)]
        assert versions == sorted(versions)
        assert len(commits) == 1


async def test_a_write_that_somebody_waits_for_takes_patient_ones_along(tmp_path: Path) -> None:
    async with SQLiteStore.open(tmp_path, KINDS, now=FakeClock().now, patience=60) as store:
        first = await store.create(REPOSITORY, image("first"))
        patient = asyncio.ensure_future(store.replace(REPOSITORY, synced(first), patient=True))
        await asyncio.sleep(0)
        await store.create(REPOSITORY, image("second"))
        await asyncio.wait_for(patient, 5)


async def test_a_stop_loses_no_patient_write(tmp_path: Path) -> None:
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now, patience=60) as store:
        first = await store.create(REPOSITORY, image("first"))
        patient = asyncio.ensure_future(store.replace(REPOSITORY, synced(first), patient=True))
        await asyncio.sleep(0)
    written = await asyncio.wait_for(patient, 5)
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store:
        assert await store.get(REPOSITORY, "default", "first") == written
