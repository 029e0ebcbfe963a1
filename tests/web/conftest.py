"""A server's doors over use cases in memory, and clients who stand before them."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest
import structlog
from starlette.types import ASGIApp

from imageyard.metrics import Metrics
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects
from imageyard.service.requests import SyncRequests
from imageyard.service.tokens import Tokens
from imageyard.service.verify import Verifier
from imageyard.web import app
from imageyard.web.forwarded import Network
from imageyard.web.limits import Limits
from tests.fakes.asgi import Client
from tests.fakes.clock import FakeClock
from tests.web.standin import MemoryManifests, MemoryObjects, MemorySyncRequests, MemoryTokens, MemoryVerifier, OneKey

HOSTS = {"127.0.0.1", "localhost", "::1", "yard.example.com"}


@dataclass
class Yard:
    """What stands behind the doors, for tests to look at."""

    objects: MemoryObjects = field(default_factory=MemoryObjects)
    verifier: MemoryVerifier = field(default_factory=MemoryVerifier)
    sync_requests: MemorySyncRequests = field(default_factory=MemorySyncRequests)
    manifests: MemoryManifests = field(default_factory=MemoryManifests)
    clock: FakeClock = field(default_factory=FakeClock)
    metrics: Metrics = field(default_factory=Metrics)
    checks: dict[str, bool] = field(default_factory=lambda: {"ping": True, "storage-write": True})

    def build(self, trusted_proxies: tuple[Network, ...] = ()) -> ASGIApp:
        return app.build(
            app.Doors(
                objects=cast(Objects, self.objects),
                verifier=cast(Verifier, self.verifier),
                sync_requests=cast(SyncRequests, self.sync_requests),
                manifests=cast(Manifests, self.manifests),
                tokens=cast(Tokens, MemoryTokens()),
                metrics=self.metrics,
                clock=self.clock,
                keys=OneKey(),
                ready=lambda: self.checks,
                version="1.2.3",
                stopping=asyncio.Event(),
                allowed_hosts=HOSTS.__contains__,
                trusted_proxies=trusted_proxies,
                limits=Limits(pause=0),
            )
        )


@pytest.fixture
def yard() -> Yard:
    return Yard()


@pytest.fixture
def application(yard: Yard) -> ASGIApp:
    return yard.build()


@pytest.fixture
def admin(application: ASGIApp) -> Client:
    return Client(application, {"authorization": "Bearer admin-token"})


@pytest.fixture
def viewer(application: ASGIApp) -> Client:
    """Somebody known who may do nothing."""
    return Client(application, {"authorization": "Bearer viewer-token"})


@pytest.fixture
def stranger(application: ASGIApp) -> Client:
    return Client(application)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    """What was logged, in order."""
    with structlog.testing.capture_logs() as entries:
        yield entries
