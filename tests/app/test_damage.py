"""Damage at rest: a start that goes on with what is whole, or that is refused with what to do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest

from imageyard.app import server
from imageyard.app.server import Server
from imageyard.domain.errors import Corrupt
from imageyard.keyring import KeyringError
from imageyard.settings import Settings

API = "/oapis/image.theriseunion.io/v1alpha1/namespaces/default"
SOURCE = {"domain": "127.0.0.1:9", "provider": "other", "username": "u", "password": "p"}


class Door:
    """The REST door of a running server, as its operator."""

    def __init__(self, running: Server, session: aiohttp.ClientSession) -> None:
        self._url = running.url
        self._session = session

    async def ask(self, method: str, path: str, body: object = None) -> int:
        async with self._session.request(method, self._url + path, json=body) as answer:
            return answer.status

    async def make(self, name: str) -> int:
        return await self.ask("POST", f"{API}/registry-secrets", {"metadata": {"name": name}, "spec": SOURCE})

    async def until_ready(self) -> None:
        async with asyncio.timeout(10):
            while await self.ask("GET", "/readyz") != 200:  # noqa: ASYNC110 - nothing to wait on through the door
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Door]:
    async with server.running(Settings(data_dir=directory, port=0, tls_port=0)) as made:
        token = made.directory.admin_token.read_text().strip()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            door = Door(made, session)
            await door.until_ready()
            yield door


def damage(directory: Path, statement: str) -> None:
    with closing(sqlite3.connect(directory / "imageyard.db")) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def of_kind(resource: str) -> str:
    return f"UPDATE objects SET body = x'7b7d' WHERE kind = (SELECT id FROM kinds WHERE resource = '{resource}')"


@pytest.fixture
async def used(tmp_path: Path) -> Path:
    """A data directory with two sources."""
    async with running(tmp_path) as door:
        assert [await door.make(name) for name in ("a", "b")] == [201, 201]
    return tmp_path


@pytest.mark.parametrize("resource", ["accesstokens", "namespaces"])
async def test_a_damaged_token_or_namespace_stops_no_start(used: Path, resource: str) -> None:
    damage(used, of_kind(resource))
    async with running(used) as door:
        assert await door.ask("GET", f"{API}/registry-secrets/a") == 200
        assert await door.make("c") == 201


async def test_a_damaged_source_is_one_that_fails_and_can_be_deleted(used: Path) -> None:
    damage(used, of_kind("registrysecrets") + " AND name = 'a'")
    async with running(used) as door:
        assert await door.ask("GET", f"{API}/registry-secrets/a") == 500
        assert await door.ask("GET", f"{API}/registry-secrets/b") == 200
        assert await door.ask("DELETE", f"{API}/registry-secrets/a") == 204
        assert await door.make("a") == 201


async def test_a_damaged_credential_is_mended_by_setting_its_password(used: Path) -> None:
    named = "(SELECT id FROM objects WHERE name = 'a')"
    damage(used, f"UPDATE sealed SET value = x'0102' WHERE id IN {named}")
    async with running(used) as door:
        assert await door.ask("GET", f"{API}/registry-secrets/a") == 200
        assert await door.ask("PATCH", f"{API}/registry-secrets/a", {"spec": {"password": "again"}}) == 200


async def test_another_key_under_the_right_name_refuses_the_start(used: Path) -> None:
    (key,) = (used / "keys").glob("*.key")
    kept = key.read_text()
    key.write_text("abcd" * 16)
    with pytest.raises(KeyringError, match=key.stem):
        async with running(used):
            pass
    key.write_text(kept)
    async with running(used) as door:
        assert await door.make("c") == 201


async def test_a_database_without_a_byte_is_not_taken_for_a_new_one(used: Path) -> None:
    (used / "imageyard.db").write_bytes(b"")
    with pytest.raises(Corrupt, match="imageyard restore FILE"):
        async with running(used):
            pass
    assert (used / "imageyard.db").read_bytes() == b""


async def test_a_first_start_that_was_cut_off_is_taken_up(tmp_path: Path) -> None:
    (tmp_path / "imageyard.db").write_bytes(b"")
    async with running(tmp_path) as door:
        assert await door.make("a") == 201
