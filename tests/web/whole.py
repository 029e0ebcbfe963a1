"""The doors over the real use cases and the real store, without a socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

from imageyard.domain.kinds import KINDS
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.keyring.aead import AeadKeyring
from imageyard.metrics import Metrics
from imageyard.registry import Head, Inspection, Probe, Registry, RegistryError, Source, Step, Told, untold
from imageyard.service import builtin_roles, events
from imageyard.service.audit import Audit, Unrecorded
from imageyard.service.events import Record
from imageyard.service.fetch import Fetcher
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects
from imageyard.service.requests import SyncRequests
from imageyard.service.roles import Roles
from imageyard.service.tokens import Tokens
from imageyard.service.trials import Trials
from imageyard.service.verify import Verifier
from imageyard.store import Store
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.web import app
from imageyard.web.forwarded import Network
from imageyard.web.limits import Limits
from tests.fakes.asgi import Client
from tests.fakes.clock import FakeClock
from tests.web.conftest import HOSTS
from tests.web.standin import OneKey


class PleasedRegistry:
    """Takes every credential, and has no image."""

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        step = Step("login", "ok", Text("登录成功", "signed in"), 5)
        told(step)
        return Probe(True, Reason.Verified, Text("连接成功", "connected"), (step,))

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        raise RegistryError(Reason.TagNotFound, Text("没有这个标签", "no such tag"))

    async def inspect(self, source: Source, *_: object, **__: object) -> Inspection:
        raise RegistryError(Reason.TagNotFound, Text("没有这个标签", "no such tag"))

    def host(self, source: Source) -> str:
        return f"{source.domain}:443"

    def scope(self, source: Source, repository: str) -> str:
        return f"{source.domain}/{repository}"

    def forget(self, credential: str) -> None:
        """It holds no tokens."""


class Server:
    """A fresh server: its doors, and clients that are somebody."""

    def __init__(self, doors: app.Doors, clock: FakeClock, store: Store) -> None:
        self.doors = doors
        self.clock = clock
        self.store = store
        self.app = app.build(doors)

    def changed(self, **parts: Any) -> "Server":
        """The same server with other parts at its doors."""
        return Server(replace(self.doors, **parts), self.clock, self.store)

    def stranger(self) -> Client:
        """Somebody without a token."""
        return Client(self.app)

    async def client(self, user: str, *groups: str, token: str = "") -> Client:
        """`token` is its name, where that is not the user's."""
        bearer = await self.doors.tokens.create(token or user, user, groups, None)
        return Client(self.app, {"authorization": f"Bearer {bearer.reveal()}"})


AT_ONCE: Final = Limits(pause=0)
PLEASED: Final = cast(Registry, PleasedRegistry())


@asynccontextmanager
async def running(
    directory: Path,
    around: Callable[[Store], Store] = lambda store: store,
    *,
    registry: Registry = PLEASED,
    audit: Audit | None = None,
    record: Record = events.unrecorded,
    trusted_proxies: tuple[Network, ...] = (),
    limits: Limits = AT_ONCE,
) -> AsyncIterator[Server]:
    """`around` puts something between the store and all that use it."""
    clock, keyring = FakeClock(), AeadKeyring({"k": bytes(range(32))}, "k")
    async with SQLiteStore.open(directory, KINDS, now=clock.now) as opened:
        store = around(opened)
        roles, tokens = Roles(store, clock), Tokens(store, clock)
        objects = Objects(store, keyring, clock, grants=roles.grants, role_rules=roles.rules, record=record)
        await tokens.load()
        await builtin_roles.ensure(store, clock)
        await roles.load()
        await objects.ensure_default()
        fetcher, trials = Fetcher(store, keyring, registry), Trials(clock)
        doors = app.Doors(
            objects=objects,
            verifier=Verifier(store, keyring, registry, clock, trials=trials, grants=roles.grants, record=record),
            sync_requests=SyncRequests(store, clock, fetcher, objects=objects, trials=trials, record=record),
            manifests=Manifests(store, fetcher, objects),
            tokens=tokens,
            metrics=Metrics(),
            clock=clock,
            keys=OneKey(),
            ready=lambda: {"storage-read": opened.readable},
            version="0.1.0",
            stopping=asyncio.Event(),
            allowed_hosts=HOSTS.__contains__,
            audit=audit or Unrecorded(),
            trusted_proxies=trusted_proxies,
            limits=limits,
            ca=b"-----BEGIN CERTIFICATE-----\n",
        )
        following = asyncio.create_task(roles.watch())
        yield Server(doors, clock, store)
        following.cancel()
