"""A small client for asking a registry in tests."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from imageyard.sample import images

EVERY_TYPE = ", ".join((images.OCI_INDEX, images.DOCKER_LIST, images.OCI_MANIFEST, images.DOCKER_MANIFEST))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of the first error in the body."""
        code: str = self.json()["errors"][0]["code"]
        return code

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Client:
    session: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """`headers` are keywords with underscores: `content_type="…"`. No redirect is followed."""
        lines: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(
            method, self.url + path, data=body or None, headers=lines, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, b"", **headers)

    async def head(self, path: str, **headers: str) -> Answer:
        return await self.ask("HEAD", path, b"", **headers)


@asynccontextmanager
async def client(url: str) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(skip_auto_headers=["Accept"]) as session:
        yield Client(session, url)


def basic(user: str, password: str) -> str:
    return aiohttp.encode_basic_auth(user, password)
