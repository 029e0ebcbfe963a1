"""kill -9 at any moment: what was acknowledged is there, what was not is there as a whole or not at all."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store import Query, Store, Stored
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image, read, synced
from tests.fakes.clock import FakeClock

ROUNDS = int(os.environ.get("IMAGEYARD_KILL_ROUNDS", "5"))
"""How often the writer is killed; more for the long runs."""


async def write(directory: Path) -> None:
    """Writes without end; says what was acknowledged, one line each: name, resourceVersion, sealed."""
    async with SQLiteStore.open(directory, KINDS, now=FakeClock().now) as store:
        begin = await store.resource_version()
        await asyncio.gather(*(_write(store, f"v{begin}-w{writer}") for writer in range(8)))


async def _write(store: Store, prefix: str) -> None:
    for number in range(10**9):
        sealed = f"{prefix}-{number}".encode()
        stored = await store.create(REPOSITORY, image(f"{prefix}-{number}"), sealed=sealed)
        _say(stored)
        if number % 3 == 0:
            stored = await store.replace(REPOSITORY, synced(stored), sealed=sealed + b"+")
            _say(stored)


def _say(stored: Stored) -> None:
    sys.stdout.write(f"{stored.key.name} {stored.resource_version}\n")
    sys.stdout.flush()


def acknowledged_until_killed(directory: Path, lines: int) -> dict[str, int]:
    """Name and resourceVersion of what the writer said before it was killed, after so many lines."""
    command = [sys.executable, "-m", "tests.store.test_kill", str(directory)]
    environment = {**os.environ, "PYTHONPATH": "src"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        # A line cut by the kill was not said.
        said += [line for line in process.stdout if line.endswith("\n")]
    return {name: int(version) for name, version in (line.split() for line in said)}


@pytest.mark.timeout(60 + 20 * ROUNDS)
async def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    for number in range(ROUNDS):
        lines = 40 + 137 * number % 400
        acknowledged |= await asyncio.to_thread(acknowledged_until_killed, tmp_path, lines)
        async with SQLiteStore.open(tmp_path, KINDS, now=FakeClock().now) as store:
            await _check(store, acknowledged)


async def _check(store: SQLiteStore, acknowledged: dict[str, int]) -> None:
    page = await store.list(REPOSITORY, Query())
    found = {item.key.name: item for item in page.items}
    assert {name for name, version in acknowledged.items() if found[name].resource_version < version} == set()
    assert await store.count(REPOSITORY, Query()) == len(found)
    assert await store.count(REPOSITORY, Query(search="team/v")) == len(found)
    for item in page.items[:: max(1, len(found) // 50)]:
        replaced = read(item).status.sync_status == "Success"
        sealed = await store.sealed(REPOSITORY, "default", item.key.name)
        assert sealed == item.key.name.encode() + (b"+" if replaced else b"")
    async with store.watch(REPOSITORY, since=0) as changes:
        newest = await store.resource_version()
        async with asyncio.timeout(20):
            told = [(await anext(changes)).resource_version for _ in range(newest)]
    assert told == list(range(1, newest + 1))


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1])))
