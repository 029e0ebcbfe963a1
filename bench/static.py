"""The static registry (static_app.py) as a process, the bare request loop on it, and the source by which the product
reaches it.
"""

import asyncio
import tempfile
import time
import urllib.request
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final

import aiohttp

from bench import images, program
from bench.product import Product, until
from bench.registries import ACCEPT, PARALLEL

FLAG: Final = "--egress-allow=127.0.0.0/8"
"""Without it the product would not reach a registry of this machine."""


class Static:
    """A running one."""

    def __init__(self, address: str) -> None:
        self.address = address

    def seen(self) -> Sequence[float]:
        """By the image's number, when it was first asked for, in seconds of the wall clock; 0 for never."""
        with urllib.request.urlopen(f"http://{self.address}/seen", timeout=60) as answer:
            return array("d", answer.read())

    async def bare(self, images: int, seconds: float) -> float:
        """HEADs a second of a bare loop on aiohttp, with as many at once as the product has on one host."""
        numbers, done = count(), 0
        end = time.perf_counter() + seconds
        async with aiohttp.ClientSession(headers={"Accept": ACCEPT}, auto_decompress=False) as session:

            async def worker() -> None:
                nonlocal done
                while time.perf_counter() < end:
                    path = f"team/app-{next(numbers) % images}/manifests/v1.0.0"
                    async with session.head(f"http://{self.address}/v2/{path}") as answer:
                        assert answer.headers["Docker-Content-Digest"]
                    done += 1

            begun = time.perf_counter()
            await asyncio.gather(*(worker() for _ in range(PARALLEL)))
            return done / (time.perf_counter() - begun)

    def become_source(self, server: Product) -> None:
        """Make it the registry that the images of a world refer to, and wait until it was found to answer."""
        spec = {"domain": self.address, "username": "", "password": "", "provider": "other", "insecure": True}
        path, name = f"/{images.SOURCE.namespace}/registry-secrets", images.SOURCE.name
        body = {"metadata": {"name": name}, "spec": {**spec, "allowedNamespaces": ["*"]}}
        server.ask("POST", path, body)
        until(lambda: _verified(server.ask("GET", f"{path}/{name}")), 60)


def _verified(source: dict[str, dict[str, dict[str, str]]]) -> bool:
    status = source["metadata"]["annotations"].get("theriseunion.io/verify-status")
    if status == "failed":
        raise RuntimeError(f"the static registry was refused: {source['metadata']['annotations']}")
    return status == "success"


@contextmanager
def running(images: int) -> Iterator[Static]:
    """Start one with so many images on loopback, end it with the block."""
    with tempfile.TemporaryDirectory() as folder:
        with program.running("static_app.py", folder, str(images)) as address:
            yield Static(address)
