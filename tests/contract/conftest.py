"""Which stores there are. Each test of this folder runs on every one of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageyard.domain.kinds import KINDS
from imageyard.store import Store
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import Factory, OpenStore
from tests.fakes.clock import FakeClock


def sqlite(directory: Path, clock: FakeClock) -> OpenStore:
    return SQLiteStore.open(directory, KINDS, now=clock.now, bookmark_every=0.01)


FACTORIES: tuple[Factory, ...] = (sqlite,)


@pytest.fixture(params=FACTORIES, ids=lambda factory: factory.__name__)
def factory(request: pytest.FixtureRequest) -> Factory:
    """Opens a store on a directory; twice on the same one finds what was there."""
    chosen: Factory = request.param
    return chosen


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(factory: Factory, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with factory(tmp_path, clock) as opened:
        yield opened
