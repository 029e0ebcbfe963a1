"""How far one gets with nothing of the product but its store, for what it does once for each create and for each sync:
what a ceiling leaves for all else.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Final

import aiohttp
import uvloop
from msgspec.structs import replace

from bench import images, program, static, wrk
from bench.registries import ACCEPT, PARALLEL
from bench.static import Static
from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.store import Store
from imageyard.store.sqlite.store import SQLiteStore

_PATIENCE: Final = 0.015
"""Seconds that outcomes wait to be written together, as in the product."""
_MOST_WRITES: Final = 200
"""Under way at once."""
_IMAGES: Final = 3_000


def creates(body: str, seconds: float, warm_up: float, clients: int) -> float:
    """A second: a document over HTTP, its decoding, and a durable object (least_app.py)."""
    with tempfile.TemporaryDirectory() as folder, program.running("least_app.py", folder) as address:
        url = f"http://{address}/"
        if warm_up:
            wrk.rate(url, seconds=warm_up, connections=clients, script=wrk.creates("/", "first-", body))
        return wrk.rate(url, seconds=seconds, connections=clients, script=wrk.creates("/", "then-", body))


def syncs(seconds: float) -> float:
    """A second: a HEAD by bare aiohttp, and the image read, its status at a later time, and written durably."""
    with (
        static.running(_IMAGES) as registry,
        tempfile.TemporaryDirectory() as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        return runner.run(_syncs(registry, Path(folder), seconds))


async def _syncs(registry: Static, folder: Path, seconds: float) -> float:
    async with SQLiteStore.open(folder, KINDS, now=lambda: datetime.now(UTC), patience=_PATIENCE) as store:
        await asyncio.gather(*(store.create(REPOSITORY, images.lying(number)) for number in range(_IMAGES)))
        begun, numbers, done = time.perf_counter(), count(), 0
        writing, places = set[asyncio.Task[None]](), asyncio.Semaphore(_MOST_WRITES)

        async def write(number: int) -> None:
            nonlocal done
            await _write(store, number)
            done += 1
            places.release()

        async def worker(session: aiohttp.ClientSession) -> None:
            while time.perf_counter() - begun < seconds:
                number = next(numbers) % _IMAGES
                async with session.head(f"http://{registry.address}/v2/team/app-{number}/manifests/v1.0.0") as answer:
                    assert answer.headers["Docker-Content-Digest"]
                await places.acquire()
                task = asyncio.create_task(write(number))
                writing.add(task)
                task.add_done_callback(writing.discard)

        async with aiohttp.ClientSession(headers={"Accept": ACCEPT}, auto_decompress=False) as session:
            await asyncio.gather(*(worker(session) for _ in range(PARALLEL)))
        await asyncio.gather(*writing)
        return done / (time.perf_counter() - begun)


async def _write(store: Store, number: int) -> None:
    stored = await store.get(REPOSITORY, images.namespace(number), images.name(number))
    image: Repository = REPOSITORY.decode(stored.body)
    now = datetime.now(UTC).replace(microsecond=0)
    status = replace(image.status, last_attempt=now, last_synced=now, next_sync=now + timedelta(seconds=10))
    await store.replace(REPOSITORY, replace(image, status=status), patient=True)
