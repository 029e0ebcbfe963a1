"""The sample at start: the registry on its remembered port, and the objects that are not there yet."""

import json
import secrets
import socket
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import msgspec

from imageyard.app import files
from imageyard.app.files import DataDir
from imageyard.domain.access import AUTHENTICATED, MASTERS, Actor
from imageyard.domain.errors import AlreadyExists
from imageyard.domain.kinds import BY_PLURAL, REGISTRY_SECRET
from imageyard.domain.secret import Secret
from imageyard.sample.objects import Credentials, documents
from imageyard.sample.server import SampleRegistry
from imageyard.service.objects import Objects

_ACTOR = Actor("imageyard:sample", frozenset({MASTERS, AUTHENTICATED}))
_HOST = "127.0.0.1"
_PORT = 5051


class Sample(msgspec.Struct, frozen=True):
    """Where the sample registry is and who may sign in."""

    port: int
    user: str
    password: str

    host: str = _HOST

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def credentials(self) -> Credentials:
        return Credentials(self.user, Secret(self.password))


async def registry(stack: AsyncExitStack, directory: DataDir) -> Sample:
    """Start the sample registry where it was before, so that stored sources still find it."""
    sample = _remembered(directory)
    await stack.enter_async_context(SampleRegistry(sample.credentials, host=sample.host, port=sample.port))
    return sample


async def objects(service: Objects, sample: Sample) -> None:
    """Make the sample objects that are missing; a source whose registry moved is told the new address."""
    for plural, namespace, document in documents(sample.address, sample.credentials):
        kind = BY_PLURAL[plural]
        try:
            await service.create(_ACTOR, kind, namespace, document)
        except AlreadyExists:
            # Only a moved sample registry is corrected: what a person mended stays mended.
            if kind is REGISTRY_SECRET and await _moved(service, namespace, document):
                await service.replace(_ACTOR, kind, namespace, document["metadata"]["name"], document)


async def _moved(service: Objects, namespace: str, document: Mapping[str, Any]) -> bool:
    stored = await service.get(_ACTOR, REGISTRY_SECRET, namespace, document["metadata"]["name"])
    source = REGISTRY_SECRET.decode(stored.body)
    wanted = str(document["spec"]["domain"])
    return source.spec.domain != wanted and all(
        domain.startswith(_HOST + ":") for domain in (source.spec.domain, wanted)
    )


def _remembered(directory: DataDir) -> Sample:
    path = directory.path / "sample.json"
    try:
        sample = msgspec.json.decode(path.read_bytes(), type=Sample)
    except (OSError, msgspec.DecodeError):
        sample = Sample(_PORT, "demo", secrets.token_urlsafe(12))
    if not _free(sample.port):
        sample = Sample(_free_port(), sample.user, sample.password)
    files.write_private(path, json.dumps(msgspec.to_builtins(sample)).encode())
    return sample


def _free(port: int) -> bool:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((_HOST, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((_HOST, 0))
        return int(sock.getsockname()[1])
