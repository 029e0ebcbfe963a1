"""The doors over the real use cases and the real store, without a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

from imageyard.domain.kinds import KINDS
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.keyring.aead import AeadKeyring
from imageyard.metrics import Metrics
from imageyard.registry import Probe, Registry, Source, Step
from imageyard.service import builtin_roles
from imageyard.service.fetch import Fetcher
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects
from imageyard.service.requests import SyncRequests
from imageyard.service.roles import Roles
from imageyard.service.tokens import Tokens
from imageyard.service.trials import Trials
from imageyard.service.verify import Verifier
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.web import app
from imageyard.web.limits import DEFAULT, Limits
from tests.fakes.asgi import Client
from tests.fakes.clock import FakeClock
from tests.web.conftest import HOSTS


async def no_rotation() -> tuple[str, int]:
    raise NotImplementedError("these tests rotate no keys")


class PleasedRegistry:
    """Takes every credential."""

    async def probe(self, source: Source) -> Probe:
        step = Step("login", "ok", Text("登录成功", "signed in"), 5)
        return Probe(True, Reason.Verified, Text("连接成功", "connected"), (step,))

    def host(self, source: Source) -> str:
        return f"{source.domain}:443"

    def forget(self, credential: str) -> None:
        """It holds no tokens."""


class Server:
    """A fresh server: its doors, and clients that are somebody."""

    def __init__(self, doors: app.Doors, clock: FakeClock) -> None:
        self.doors = doors
        self.clock = clock
        self._app = app.build(doors)

    async def client(self, user: str, *groups: str) -> Client:
        token = await self.doors.tokens.create(user, user, groups, None)
        return Client(self._app, {"authorization": f"Bearer {token.reveal()}"})


@asynccontextmanager
async def running(directory: Path, limits: Limits = DEFAULT) -> AsyncIterator[Server]:
    clock, keyring = FakeClock(), AeadKeyring({"k": bytes(32)}, "k")
    registry = cast(Registry, PleasedRegistry())
    async with SQLiteStore.open(directory, KINDS, now=clock.now) as store:
        roles, tokens = Roles(store, clock), Tokens(store, clock)
        objects = Objects(store, keyring, clock, grants=roles.grants, role_rules=roles.rules)
        await tokens.load()
        await builtin_roles.ensure(store, clock)
        await roles.load()
        await objects.ensure_default()
        fetcher, trials = Fetcher(store, keyring, registry), Trials(clock)
        doors = app.Doors(
            objects=objects,
            verifier=Verifier(store, keyring, registry, clock, trials=trials, grants=roles.grants),
            sync_requests=SyncRequests(store, clock, fetcher, objects=objects, trials=trials),
            manifests=Manifests(store, fetcher, objects),
            tokens=tokens,
            metrics=Metrics(),
            clock=clock,
            rotate_keys=no_rotation,
            ready=lambda: {"storage-read": store.readable},
            version="0.1.0",
            stopping=asyncio.Event(),
            allowed_hosts=HOSTS.__contains__,
            limits=limits,
        )
        following = asyncio.create_task(roles.watch())
        yield Server(doors, clock)
        following.cancel()
