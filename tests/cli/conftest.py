"""Commands run in the test's own process, under no setting of the machine's."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imageyard.domain.kinds import KINDS
from imageyard.store.sqlite.store import SQLiteStore


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in list(os.environ):
        if variable.startswith("IMAGEYARD_"):
            monkeypatch.delenv(variable)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """As a server left it."""

    async def make() -> None:
        async with SQLiteStore.open(tmp_path, KINDS, now=lambda: datetime.now(UTC)):
            pass

    asyncio.run(make())
    return tmp_path
