"""The service as the composition root builds it: real store and keyring, a registry in memory, a clock that waits."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from imageyard.domain.access import AUTHENTICATED, MASTERS, Actor, Grant, builtin_grants
from imageyard.domain.kinds import EVENT, KINDS, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.event import Event
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import Repository
from imageyard.keyring.aead import AeadKeyring
from imageyard.service.events import Recorder
from imageyard.service.fetch import Fetcher
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects, Patch, Result, new_uid
from imageyard.service.requests import SyncRequests
from imageyard.service.trials import Trials
from imageyard.service.verify import Verifier
from imageyard.store import Query, Store
from imageyard.store.sqlite.store import SQLiteStore
from tests.fakes.clock import FakeClock
from tests.fakes.registry import FakeRegistry

CANARY = "canary-Pa55word"
"""The password of the tests: it must be found nowhere."""
ADMIN = Actor("root", frozenset({MASTERS, AUTHENTICATED}))
NOBODY = Actor("nobody", frozenset({AUTHENTICATED}))

Json = dict[str, Any]


@dataclass
class Service:
    """All of it, with short ways to say what tests say often. `grants` may be added to."""

    store: Store
    keyring: AeadKeyring
    clock: FakeClock
    registry: FakeRegistry
    grants: list[Grant]
    objects: Objects
    verifier: Verifier
    fetcher: Fetcher
    requests: SyncRequests
    manifests: Manifests
    events: Recorder

    async def told(self, name: str = "") -> list[Event]:
        """The events there are, of one object or all, after those that wait are written."""
        await self.events.flush()
        page = await self.store.list(EVENT, Query())
        found: list[Event] = [EVENT.decode(stored.body) for stored in page.items]
        return [one for one in found if name in ("", one.involved_object.name)]

    async def reasons(self, name: str = "") -> list[str]:
        return [one.reason for one in sorted(await self.told(name), key=lambda one: one.metadata.name)]

    async def add_source(self, name: str = "harbor", namespace: str = "default", **spec: object) -> Json:
        return shown(await self.objects.create(ADMIN, REGISTRY_SECRET, namespace, a_source(name, **spec)))

    async def add_image(self, name: str = "nginx", namespace: str = "default", **spec: object) -> Json:
        return shown(await self.objects.create(ADMIN, REPOSITORY, namespace, an_image(name, **spec)))

    async def source(self, name: str = "harbor", namespace: str = "default") -> RegistrySecret:
        stored = await self.store.get(REGISTRY_SECRET, namespace, name)
        return cast(RegistrySecret, REGISTRY_SECRET.decode(stored.body))

    async def image(self, name: str = "nginx", namespace: str = "default") -> Repository:
        stored = await self.store.get(REPOSITORY, namespace, name)
        return cast(Repository, REPOSITORY.decode(stored.body))

    async def merge_source(self, patch: Json, name: str = "harbor") -> Result:
        return await self.objects.patch(ADMIN, REGISTRY_SECRET, "default", name, Patch("merge", patch))

    async def merge_image(self, patch: Json, name: str = "nginx") -> Result:
        return await self.objects.patch(ADMIN, REPOSITORY, "default", name, Patch("merge", patch))


def a_source(name: str = "harbor", **spec: object) -> Json:
    """The body of a RegistrySecret; a spec field given as None is left out."""
    full = {"domain": "harbor.example.com", "username": "robot", "password": CANARY, "provider": "harbor", **spec}
    return {"metadata": {"name": name}, "spec": {key: value for key, value in full.items() if value is not None}}


def an_image(name: str = "nginx", **spec: object) -> Json:
    ref = {"name": "harbor", "namespace": "default"}
    return {
        "metadata": {"name": name},
        "spec": {"repository": "library/nginx", "tag": "1.27", "registryRef": ref, **spec},
    }


def shown(result: Result) -> Json:
    return cast(Json, msgspec.json.decode(result.stored.body))


def warned(result: Result) -> str:
    return " | ".join(text.en for text in result.warnings)


def without(document: Mapping[str, Any], field: str) -> Json:
    return {key: value for key, value in document.items() if key != field}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as opened:
        yield opened


@pytest.fixture
async def service(store: Store, clock: FakeClock) -> Service:
    return await build(store, clock)


async def build(store: Store, clock: FakeClock, *, auto_create_namespaces: bool = True) -> Service:
    keyring, registry = AeadKeyring({"one": bytes(range(32))}, "one"), FakeRegistry()
    grants = list(builtin_grants())
    events = Recorder(store, clock, language="en", entered=lambda name: objects.entered(EVENT, name), uid=new_uid)
    objects = Objects(
        store,
        keyring,
        clock,
        grants=lambda actor: tuple(grants),
        auto_create_namespaces=auto_create_namespaces,
        record=events.record,
    )
    fetcher = Fetcher(store, keyring, registry)
    trials = Trials(clock)
    verifier = Verifier(
        store,
        keyring,
        registry,
        clock,
        trials=trials,
        language="zh",
        grants=lambda actor: tuple(grants),
        jitter=lambda: 0.5,
        record=events.record,
    )
    await objects.ensure_default()
    requests = SyncRequests(store, clock, fetcher, objects=objects, trials=trials, record=events.record)
    manifests = Manifests(store, fetcher, objects)
    return Service(store, keyring, clock, registry, grants, objects, verifier, fetcher, requests, manifests, events)
