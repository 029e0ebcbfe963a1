"""Very many images, stored directly and as they lie after a sync. The engine leaves them alone: they are suspended."""

import asyncio
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Store

ALIASES: Final = ("网关", "订单服务", "边缘节点", "frontend", "ledger", "telemetry")
NAMESPACES: Final = 20
PORTION: Final = 5_000
"""Creations that are asked for at once: enough for the store to make its largest groups of them."""


def portions(count: int) -> Iterator[range]:
    """The numbers from 0 to `count`, some at a time."""
    return (range(start, min(start + PORTION, count)) for start in range(0, count, PORTION))


async def join(store: Store, numbers: range) -> None:
    """Store the images of these numbers."""
    documents = (REPOSITORY.convert(_document(number)) for number in numbers)
    await asyncio.gather(*(store.create(REPOSITORY, document) for document in documents))


def _document(number: int) -> dict[str, object]:
    return {
        "apiVersion": REPOSITORY.api_version,
        "kind": REPOSITORY.name,
        "metadata": {
            "name": f"image-{number:06}",
            "namespace": f"team-{number % NAMESPACES:02}",
            "uid": str(UUID(int=number + 1)),
            "generation": 1,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"theriseunion.io/display-name": ALIASES[number % len(ALIASES)]},
        },
        "spec": {
            "repository": "team/app",
            "tag": f"v{number % 100}",
            "registryRef": {"name": "harbor", "namespace": "default"},
            "suspend": True,
        },
        "status": {
            "syncStatus": "Success",
            "domain": "harbor.example.com",
            "lastSynced": "2026-01-01T00:00:00Z",
            "observedGeneration": 1,
        },
    }
