"""Syncing many images on one real registry, against the bare request loop on the same registry.

First pass: the images wait for a source that is not there; creating it releases all of them at once.
Unchanged: so many objects follow these images every ten seconds that the engine always has some to sync; each sync
costs one HEAD and one durable write.
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
FOLLOWERS = 10
"""Objects an image, all at the shortest interval of 10 s: more than a registry answers."""
_SECONDS = 10


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
                before_head = await registries.bare(registry, numbers, first=False)
                before = await registries.bare(registry, numbers, first=True)
                first = await asyncio.to_thread(_released, server, registry, images)
                after = await registries.bare(registry, numbers, first=True)
                await asyncio.to_thread(_follow, server, images)
                unchanged = await asyncio.to_thread(_steady, server)
                await asyncio.to_thread(_rest, server)
                after_head = await registries.bare(registry, numbers, first=False)
    remark = f"{images} images, docker-registry with htpasswd, {PARALLEL} at once; the ceiling ran before and after"
    return [
        Figure("first sync pass", first, (before + after) / 2, "images/s", _TARGET, remark),
        Figure("unchanged sync pass", unchanged, (before_head + after_head) / 2, "images/s", _TARGET, remark),
    ]


def _create_images(server: Product, images: int) -> None:
    for number in range(images):
        _create(server, number, number)
    product.until(lambda: server.total(f"{_REPOSITORIES}?status=Failed") == images, 60)


def _create(server: Product, number: int, image: int) -> None:
    spec = {
        "repository": f"bench/image-{image}",
        "tag": "latest",
        "registryRef": {"name": "bench", "namespace": "default"},
        "syncInterval": "10s",
    }
    server.ask("POST", _REPOSITORIES, {"metadata": {"name": f"image-{number}"}, "spec": spec})


def _released(server: Product, registry: Registry, images: int) -> float:
    spec = {
        "domain": registry.address,
        "username": registries.USER,
        "password": registry.password,
        "provider": "other",
        "insecure": True,
    }
    server.ask("POST", _SOURCES, {"metadata": {"name": "bench"}, "spec": spec})
    return _pass(server, images)


def _follow(server: Product, images: int) -> None:
    """More objects that follow the same images, enough to keep the engine busy."""
    for number in range(images, images * FOLLOWERS):
        _create(server, number, number % images)
    product.until(lambda: _synced(server) == images * FOLLOWERS, 120)


def _steady(server: Product) -> float:
    """Syncs a second while there are always some that are due."""
    begun, start = server.counted("imageyard_sync_total"), time.perf_counter()
    time.sleep(_SECONDS)
    return (server.counted("imageyard_sync_total") - begun) / (time.perf_counter() - start)


def _rest(server: Product) -> None:
    """Let nothing be due any more, so that the ceiling has the registry to itself."""
    server.ask("DELETE", f"{_SOURCES}/bench")
    product.until(lambda: server.total(f"{_REPOSITORIES}?status=Success") == 0, 60)


def _pass(server: Product, images: int) -> float:
    """Images a second from the first outcome to the last. What comes before is the test of the credential, which is no
    part of a pass; to ask more often than this would take from what is measured."""
    begun = int(product.until(lambda: _synced(server), 60, pause=0.01))
    start = time.perf_counter()
    product.until(lambda: _synced(server) > images * 0.9, 300)
    product.until(lambda: _synced(server) == images, 300, pause=0.01)
    return (images - begun) / (time.perf_counter() - start)


def _synced(server: Product) -> int:
    return server.total(f"{_REPOSITORIES}?status=Success")


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
