from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.whole import Server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with whole.running(tmp_path) as running:
        yield running


@pytest.fixture
async def client(server: Server) -> Client:
    """The administrator."""
    return await server.client("ci", "system:masters")
