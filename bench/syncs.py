"""Syncing many images on one real registry, against the bare request loop on the same registry.

First pass: the images wait for a source that is not there; creating it releases all of them at once.
Unchanged pass: a refused credential makes all of them fail, the right one releases them; each costs one HEAD.
"""

import asyncio
import socket
import tempfile
import time
from pathlib import Path

from bench import product, registries
from bench.figure import Figure
from bench.product import Product
from bench.registries import PARALLEL, Registry

_TARGET = 0.80
_REPOSITORIES = "/default/repositories"
_SOURCES = "/default/registry-secrets"


def measure(images: int) -> list[Figure]:
    """Both passes over `images` images."""
    return asyncio.run(_measure(images))


async def _measure(images: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        async with registries.running(Path(folder), _free_port()) as registry:
            await registries.fill(registry, images)
            numbers = range(images)
            flags = ("--egress-allow=127.0.0.0/8",)
            with product.running(Path(data), *flags) as server:
                await asyncio.to_thread(_create_images, server, images)
                before = await registries.bare(registry, numbers, first=True)
                first = await asyncio.to_thread(_released, server, registry, images)
                after = await registries.bare(registry, numbers, first=True)
                await asyncio.to_thread(_refuse, server, images)
                before_head = await registries.bare(registry, numbers, first=False)
                unchanged = await asyncio.to_thread(_readmitted, server, registry, images)
                after_head = await registries.bare(registry, numbers, first=False)
    remark = f"{images} images, docker-registry with htpasswd, {PARALLEL} at once; the ceiling ran before and after"
    return [
        Figure("first sync pass", first, (before + after) / 2, "images/s", _TARGET, remark),
        Figure("unchanged sync pass", unchanged, (before_head + after_head) / 2, "images/s", _TARGET, remark),
    ]


def _create_images(server: Product, images: int) -> None:
    for number in range(images):
        spec = {
            "repository": f"bench/image-{number}",
            "tag": "latest",
            "registryRef": {"name": "bench", "namespace": "default"},
            "syncInterval": "10s",
        }
        server.ask("POST", _REPOSITORIES, {"metadata": {"name": f"image-{number}"}, "spec": spec})
    product.until(lambda: server.total(f"{_REPOSITORIES}?status=Failed") == images, 60)


def _released(server: Product, registry: Registry, images: int) -> float:
    spec = {
        "domain": registry.address,
        "username": registries.USER,
        "password": registry.password,
        "provider": "other",
        "insecure": True,
    }
    start = time.perf_counter()
    server.ask("POST", _SOURCES, {"metadata": {"name": "bench"}, "spec": spec})
    return _until_synced(server, images, start)


def _refuse(server: Product, images: int) -> None:
    server.ask("PATCH", f"{_SOURCES}/bench", {"spec": {"password": "not-the-password"}})
    product.until(lambda: server.total(f"{_REPOSITORIES}?status=Failed") == images, 120)


def _readmitted(server: Product, registry: Registry, images: int) -> float:
    start = time.perf_counter()
    server.ask("PATCH", f"{_SOURCES}/bench", {"spec": {"password": registry.password}})
    return _until_synced(server, images, start)


def _until_synced(server: Product, images: int, start: float) -> float:
    product.until(lambda: server.total(f"{_REPOSITORIES}?status=Success") == images, 300)
    return images / (time.perf_counter() - start)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
