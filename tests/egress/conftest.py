"""Gates that may reach loopback, and names that resolve as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

import pytest
import uvloop

from imageyard.egress.client import EgressClient
from imageyard.egress.policy import Policy
from tests.fakes.networks import networks

LOOPBACK = Policy(allow=networks("127.0.0.0/8"))


def resolving(**names: Sequence[str]) -> Callable[[str], Awaitable[Sequence[str]]]:
    """A resolver that knows these names (dots written as `_`) and answers 127.0.0.1 for every other."""

    async def resolve(name: str) -> Sequence[str]:
        return names.get(name.replace(".", "_"), ["127.0.0.1"])

    return resolve


@pytest.fixture
async def gate() -> AsyncIterator[EgressClient]:
    """A gate as the product has it, but open to loopback; every name is 127.0.0.1."""
    async with EgressClient(LOOPBACK, resolve=resolving()) as client:
        yield client


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops: the product runs on uvloop, whose sockets, TLS and timers are its own."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
