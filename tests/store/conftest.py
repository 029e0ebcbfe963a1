"""A SQLite store on a directory of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from imageyard.domain.kinds import KINDS
from imageyard.store.sqlite.store import SQLiteStore
from tests.fakes.clock import FakeClock

Opener = Callable[[], AbstractAsyncContextManager[SQLiteStore]]


@pytest.fixture
def opener(tmp_path: Path) -> Opener:
    """Opens the store; again after it was closed."""
    clock = FakeClock()
    return lambda: SQLiteStore.open(tmp_path, KINDS, now=clock.now)


@pytest.fixture
async def store(opener: Opener) -> AsyncIterator[SQLiteStore]:
    async with opener() as opened:
        yield opened
