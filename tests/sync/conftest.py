from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from imageyard.domain.kinds import KINDS
from imageyard.store.sqlite.store import SQLiteStore
from tests.fakes.clock import FakeClock
from tests.sync.fakes import World, world


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[World]:
    """A running world with one source, `hub`; nothing is synced before `start`."""
    clock = FakeClock()
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store, world(store, clock) as made:
        yield made
