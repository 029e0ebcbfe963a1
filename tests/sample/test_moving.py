"""The tag that moves, on a clock that moves when told."""

import asyncio
import contextlib

from imageyard.sample import moving
from imageyard.sample.moving import REPOSITORY, TAG, Nightly
from imageyard.sample.storage import Storage
from tests.fakes.clock import FakeClock

MINUTE = moving.EVERY.total_seconds()


async def test_the_digest_changes_once_a_minute() -> None:
    storage, clock = Storage(), FakeClock()
    task = asyncio.create_task(Nightly(storage).run(clock))
    await clock.advance(1)
    first = storage.manifest(REPOSITORY, TAG).digest
    await clock.advance(MINUTE - 2)
    assert storage.manifest(REPOSITORY, TAG).digest == first
    await clock.advance(1)
    assert storage.manifest(REPOSITORY, TAG).digest != first
    assert storage.manifest(REPOSITORY, first).digest == first
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_builds_are_the_same_after_a_restart() -> None:
    clock = FakeClock()
    first, second = Storage(), Storage()
    for storage in (first, second):
        Nightly(storage).build_now(clock.now())
    assert first.manifest(REPOSITORY, TAG) == second.manifest(REPOSITORY, TAG)


def test_old_builds_are_forgotten() -> None:
    """A registry that runs for days stays as small as after its first minutes."""
    clock = FakeClock()
    storage = Storage(capacity=2_000_000)
    nightly = Nightly(storage)
    for build in range(20):
        nightly.build_now(clock.now() + build * moving.EVERY)
    assert len(storage.repository(REPOSITORY).tags) == 1 + moving.KEPT
