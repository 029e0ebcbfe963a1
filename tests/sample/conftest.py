"""Fixtures of the sample's own tests."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.registries import Served
from tests.sample import asking
from tests.sample.asking import Client


@pytest.fixture
async def client(sample_registry: Served) -> AsyncIterator[Client]:
    """A client of the open sample registry."""
    async with asking.client(sample_registry.url) as client:
        yield client
