"""A real docker-registry (Debian package) with htpasswd and many small images, and the bare request loop on it."""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import yaml

USER = "bench"
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPT = f"{_INDEX}, {_MANIFEST}, application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PARALLEL = 6
"""Requests at once of the bare loop: as many syncs as the product has on one host by default."""


class Registry(NamedTuple):
    """A running registry and who may read it."""

    address: str
    password: str

    @property
    def headers(self) -> dict[str, str]:
        """Who asks (RFC 7617)."""
        token = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {token}"}


@asynccontextmanager
async def running(folder: Path, port: int) -> AsyncIterator[Registry]:
    """Start docker-registry on loopback with htpasswd, stop it by its own process at the end."""
    program = shutil.which("docker-registry")
    if program is None:
        raise RuntimeError("docker-registry is not installed: apt-get install docker-registry apache2-utils")
    password = secrets.token_urlsafe(9)
    hashed = subprocess.run(["htpasswd", "-Bbn", USER, password], capture_output=True, check=True).stdout
    (folder / "htpasswd").write_bytes(hashed)
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "cache": {"blobdescriptor": "inmemory"}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": secrets.token_hex(8)},
        "auth": {"htpasswd": {"realm": "bench", "path": str(folder / "htpasswd")}},
    }
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    quiet = {**os.environ, "OTEL_TRACES_EXPORTER": "none"}
    process = subprocess.Popen(
        [program, "serve", str(folder / "config.yml")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=quiet,
    )
    registry = Registry(f"127.0.0.1:{port}", password)
    try:
        await _ready(registry)
        yield registry
    finally:
        process.terminate()
        process.wait(timeout=20)


async def _ready(registry: Registry) -> None:
    async with aiohttp.ClientSession(headers=registry.headers) as session:
        for _ in range(200):
            try:
                async with session.get(f"http://{registry.address}/v2/") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise TimeoutError("docker-registry does not answer")


async def fill(registry: Registry, count: int) -> None:
    """Push `count` small images `bench/image-N:latest`, each with a manifest and config of its own."""
    async with aiohttp.ClientSession(headers=registry.headers) as session:
        numbers = iter(range(count))

        async def worker() -> None:
            for number in numbers:
                await _push(session, registry, number)

        await asyncio.gather(*(worker() for _ in range(PARALLEL)))


async def _push(session: aiohttp.ClientSession, registry: Registry, number: int) -> None:
    base = f"http://{registry.address}/v2/bench/image-{number}"
    layer = b"layer %d" % number
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created_by": f"COPY layer-{number} /"}],
        }
    ).encode()
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST}
    manifest["config"] = {"mediaType": _CONFIG, "digest": digest(config), "size": len(config)}
    manifest["layers"] = [{"mediaType": _LAYER, "digest": digest(layer), "size": len(layer)}]
    for blob in (layer, config):
        async with session.post(f"{base}/blobs/uploads/") as answer:
            location = answer.headers["Location"]
        joint = "&" if "?" in location else "?"
        async with session.put(f"{location}{joint}digest={digest(blob)}", data=blob) as answer:
            answer.raise_for_status()
    headers = {"Content-Type": _MANIFEST}
    async with session.put(f"{base}/manifests/latest", data=json.dumps(manifest), headers=headers) as answer:
        answer.raise_for_status()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


async def bare(registry: Registry, numbers: Sequence[int], *, first: bool) -> float:
    """Images a second of a bare request loop: HEAD, and on a first pass GET by digest and GET of the config."""
    headers = {**registry.headers, "Accept": ACCEPT}
    waiting = iter(numbers)
    async with aiohttp.ClientSession(headers=headers, auto_decompress=False) as session:

        async def worker() -> None:
            for number in waiting:
                base = f"http://{registry.address}/v2/bench/image-{number}"
                async with session.head(f"{base}/manifests/latest") as answer:
                    found = answer.headers["Docker-Content-Digest"]
                if first:
                    async with session.get(f"{base}/manifests/{found}") as answer:
                        config = json.loads(await answer.read())["config"]["digest"]
                    async with session.get(f"{base}/blobs/{config}") as answer:
                        json.loads(await answer.read())

        start = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(PARALLEL)))
        return len(numbers) / (time.perf_counter() - start)
