"""What a scrape shows, through the door: an engine over a real store, in virtual time."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from imageyard.app.failures import FailureCollector
from imageyard.domain.kinds import KINDS, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import VERIFY_STATUS
from imageyard.domain.kinds.repository import Repository, RepositoryStatus
from imageyard.domain.reasons import Reason
from imageyard.registry import Probe
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image, source
from tests.fakes.asgi import Client
from tests.fakes.clock import FakeClock
from tests.sync.fakes import WORDS, World, bad, good, world
from tests.web.conftest import Yard


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[World]:
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store, world(store, clock) as made:
        yield made


async def start(running: World) -> None:
    await running.start()
    running.metrics.registry.register(FailureCollector(running.engine))


async def scrape(running: World) -> dict[str, float]:
    """Value by series."""
    client = Client(Yard(metrics=running.metrics).build(), {"authorization": "Bearer admin-token"})
    lines = (await client.get("/metrics")).text.splitlines()
    return {series: float(value) for series, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def of(family: str, series: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in series.items() if name.startswith(family + "{")}


def failing(name: str, running: World) -> Repository:
    due = running.clock.now() + timedelta(days=1)
    status = RepositoryStatus(sync_status="Failed", failures=3, observed_generation=1, next_sync=due)
    return image(name, source="hub", status=status)


async def test_at_most_1000_failing_images_are_series(running: World) -> None:
    names = [f"image-{n}" for n in range(1003)]
    await asyncio.gather(*(running.store.create(REPOSITORY, failing(name, running)) for name in names))
    await start(running)
    series = of("image_sync_failures", await scrape(running))
    assert (len(series), {*series.values()}) == (1000, {3.0})


async def test_at_most_1000_failing_sources_are_series(running: World) -> None:
    sources = [source(f"source-{n}") for n in range(1003)]
    for each in sources:
        each.metadata.annotations[VERIFY_STATUS] = "failed"
        each.status.next_verify = running.clock.now() + timedelta(days=1)
    await asyncio.gather(*(running.store.create(REGISTRY_SECRET, each) for each in sources))
    await start(running)
    series = of("image_registry_connection_failures", await scrape(running))
    assert (len(series), {*series.values()}) == (1000, {1.0})


async def test_a_failure_is_a_series_until_all_is_well(running: World) -> None:
    running.registries.answer = lambda host, spec: bad(Reason.ServerError)
    running.verifications.verdict = Probe(False, Reason.Unauthorized, WORDS, ())
    await start(running)
    await running.add("nginx", retry_count=0)
    await running.add_source("refused", verified=False)
    await running.pass_time(5)
    series = await scrape(running)
    assert of("image_sync_failures", series) == {
        'image_sync_failures{image="r.example.com/nginx:latest",name="nginx",namespace="default"}': 1.0
    }
    assert of("image_registry_connection_failures", series) == {
        'image_registry_connection_failures{name="refused",namespace="default",registry_name="refused"}': 1.0
    }
    running.registries.answer = lambda host, spec: good()
    running.verifications.verdict = Probe(True, Reason.Verified, WORDS, ())
    await running.pass_time(3700)
    series = await scrape(running)
    assert of("image_sync_failures", series) == of("image_registry_connection_failures", series) == {}


async def test_all_that_is_told_of_the_queue_joins_on_the_kind(running: World) -> None:
    await start(running)
    kinds = {'{name="repositories"}', '{name="registrysecrets"}'}
    series = await scrape(running)
    for family in ("workqueue_depth", "workqueue_adds_total", "workqueue_retries_total"):
        assert {name.removeprefix(family) for name in of(family, series)} == kinds


async def test_nothing_tells_when_a_counter_began(running: World) -> None:
    await start(running)
    assert not [name for name in await scrape(running) if re.search(r"_created\b", name)]
