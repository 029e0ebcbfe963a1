"""What a store's factory looks like, objects to put into a store, and ways to read a watch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret, RegistrySecretSpec
from imageyard.domain.kinds.repository import RegistryRef, Repository, RepositorySpec, RepositoryStatus
from imageyard.domain.objects import ObjectMeta
from imageyard.store import Change, Store, Stored
from tests.fakes.clock import START, FakeClock

OpenStore = AbstractAsyncContextManager[Store]
Factory = Callable[[Path, FakeClock], OpenStore]


def image(
    name: str,
    namespace: str = "default",
    *,
    display: str = "",
    tag: str = "v1",
    source: str = "harbor",
    created: datetime = START,
    labels: dict[str, str] | None = None,
    status: RepositoryStatus | None = None,
) -> Repository:
    annotations = {"theriseunion.io/display-name": display} if display else {}
    return Repository(
        api_version=REPOSITORY.api_version,
        kind=REPOSITORY.name,
        metadata=ObjectMeta(
            name=name,
            namespace=namespace,
            uid=str(uuid4()),
            generation=1,
            creation_timestamp=created,
            labels=labels or {},
            annotations=annotations,
        ),
        spec=RepositorySpec(repository=f"team/{name}", tag=tag, registry_ref=RegistryRef(source, namespace)),
        status=status or RepositoryStatus(sync_status=""),
    )


def source(name: str, namespace: str = "default") -> RegistrySecret:
    metadata = ObjectMeta(name=name, namespace=namespace, uid=str(uuid4()), creation_timestamp=START)
    spec = RegistrySecretSpec(domain="harbor.example.com", username="robot", provider="harbor")
    return RegistrySecret(metadata=metadata, spec=spec)


def read(stored: Stored) -> Repository:
    """The object in the stored bytes."""
    found: Repository = REPOSITORY.decode(stored.body)
    return found


def synced(stored: Stored, minutes: int = 1, status: Any = "Success") -> Repository:
    """The object after a sync, ready to be written over what was stored."""
    obj = read(stored)
    moment = START.astimezone(UTC) + timedelta(minutes=minutes)
    obj.status = msgspec.structs.replace(obj.status, sync_status=status, last_synced=moment, observed_generation=1)
    obj.status.next_sync = moment + timedelta(hours=1)
    return obj


def names(items: Sequence[Stored]) -> list[str]:
    return [item.key.name for item in items]


async def take(changes: AsyncIterator[Change], count: int) -> list[Change]:
    """The next changes that are no bookmarks."""
    found: list[Change] = []
    async with asyncio.timeout(10):
        while len(found) < count:
            change = await anext(changes)
            if change.type != "BOOKMARK":
                found.append(change)
    return found


async def drain(changes: AsyncIterator[Change]) -> list[Change]:
    """Everything up to the bookmark that says the watch has caught up. The watch has bookmarks."""
    found: list[Change] = []
    async with asyncio.timeout(10):
        async for change in changes:
            if change.type == "BOOKMARK":
                break
            found.append(change)
    return found


async def write(store: Store, count: int) -> None:
    """Write until there are so many changes."""
    batch = [await store.create(REPOSITORY, image(f"busy{number}", "z")) for number in range(100)]
    while batch[0].resource_version < count:
        batch = await asyncio.gather(*(store.replace(REPOSITORY, read(item)) for item in batch))


async def let_keep_house(store: Store) -> None:
    """A store drops old changes when it is idle, and between the writes of a busy client at the latest."""
    stored = await store.create(REPOSITORY, image("housekeeping", "z"))
    for _ in range(40):
        stored = await store.replace(REPOSITORY, read(stored))


async def outlive_the_history(store: Store, clock: FakeClock) -> None:
    """More than 10,000 changes, all older than five minutes, and the store has had time to drop them."""
    await write(store, 10_100)
    await clock.advance(301)
    await let_keep_house(store)
