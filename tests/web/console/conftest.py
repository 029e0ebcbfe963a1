"""A filled server and people before its console."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.console import yard
from tests.web.whole import Server


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Server]:
    """A server without any object."""
    async with whole.running(tmp_path) as server:
        yield server


@pytest.fixture
async def server(empty: Server) -> Server:
    await yard.fill(empty)
    return empty


@pytest.fixture
async def admin(server: Server) -> Client:
    return await server.client("ada", "system:masters")


@pytest.fixture
async def viewer(server: Server) -> Client:
    """May read everything and do nothing."""
    return await server.client("vera", "image-viewer")


@pytest.fixture
async def nobody(server: Server) -> Client:
    """Is known, and may do nothing at all."""
    return await server.client("noah")
