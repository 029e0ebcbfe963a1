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

from bench import product, registries, static
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.registries import PARALLEL, Registry
from bench.world import Worlds

_FIRST_TARGET = 0.85
_UNCHANGED_TARGET = 0.80
_REPOSITORIES = "/default/repositories"
_SOURCES = "/default/registry-secrets"


def measure(profile: Profile, worlds: Worlds) -> list[Figure]:
    """Both passes over the profile's `images`."""
    return asyncio.run(_measure(profile))


async def _measure(profile: Profile) -> list[Figure]:
    images = profile.images
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as data:
        async with registries.running(Path(folder), _free_port()) as registry:
            await registries.fill(registry, images)
            numbers = range(images)
            with product.running(Path(data), static.FLAG) as server:
                await asyncio.to_thread(_create_images, server, images)
                before_head = await registries.bare(registry, numbers, first=False)
                before = await registries.bare(registry, numbers, first=True)
                first = await asyncio.to_thread(_released, server, registry, images)
                after = await registries.bare(registry, numbers, first=True)
                await asyncio.to_thread(_follow, server, images, images * profile.followers)
                unchanged = await asyncio.to_thread(_steady, server, 10 * profile.seconds)
                await asyncio.to_thread(_rest, server)
                after_head = await registries.bare(registry, numbers, first=False)
    ceiling, head = (before + after) / 2, (before_head + after_head) / 2
    remark = f"docker-registry with htpasswd, {PARALLEL} at once; the bare loop ran before and after"
    return [
        Figure(f"first sync pass over {images:,} images", first, ceiling, "images/s", _FIRST_TARGET, remark),
        Figure(f"unchanged pass over {images:,} images", unchanged, head, "images/s", _UNCHANGED_TARGET, remark),
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


def _follow(server: Product, images: int, objects: int) -> None:
    """More objects that follow the same images, enough to keep the engine busy."""
    for number in range(images, objects):
        _create(server, number, number % images)
    product.until(lambda: _synced(server) == objects, 120)


def _steady(server: Product, seconds: float) -> float:
    """Syncs a second while there are always some that are due."""
    begun, start = server.counted("imageyard_sync_total"), time.perf_counter()
    time.sleep(seconds)
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
