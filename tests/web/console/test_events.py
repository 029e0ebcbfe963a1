"""The stream of a tab: what changes is told within a moment, to who may see it, and to nobody for longer than that."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

import pytest
from starlette.types import Message

from imageyard.domain.errors import TooManyRequests
from imageyard.domain.kinds import REPOSITORY
from imageyard.service.objects import Patch
from imageyard.web.console import listeners
from tests.fakes.asgi import Client
from tests.web.console import yard
from tests.web.console.yard import ADMIN
from tests.web.whole import Server

IMAGES = "/console/events?on=repositories"


class Stream:
    """One that stays open until it is closed."""

    def __init__(self) -> None:
        self.status = 0
        self.text = ""
        self.grown = asyncio.Event()
        self.closed = asyncio.Event()
        self.ended = asyncio.Event()

    async def receive(self) -> Message:
        await self.closed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.status = message.get("status", self.status)
        self.text += message.get("body", b"").decode()
        self.grown.set()
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended.set()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(10):
            while words not in self.text:
                self.grown.clear()
                await self.grown.wait()


@asynccontextmanager
async def listening(client: Client, url: str) -> AsyncIterator[Stream]:
    stream, (path, _, query) = Stream(), url.partition("?")
    headers = {"host": "127.0.0.1:8080", **client.headers}
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 5),
    }
    running = asyncio.ensure_future(client.app(scope, stream.receive, stream.send))
    await stream.until("retry")
    yield stream
    stream.closed.set()
    async with asyncio.timeout(10):
        await running


async def suspend(server: Server, name: str) -> None:
    await server.doors.objects.patch(ADMIN, REPOSITORY, "default", name, Patch("merge", {"spec": {"suspend": True}}))


async def test_a_change_is_told_by_the_name_of_what_changed(server: Server, viewer: Client) -> None:
    async with listening(viewer, IMAGES) as stream:
        await suspend(server, "synced")
        await stream.until('event: changed\ndata: ["MODIFIED repositories/default/synced"]\n\n')


async def test_a_page_of_one_object_hears_of_that_one(server: Server, viewer: Client) -> None:
    async with listening(viewer, f"{IMAGES}%20default%20failed") as stream:
        await suspend(server, "synced")
        await suspend(server, "failed")
        await stream.until("repositories/default/failed")
        assert "synced" not in stream.text


async def test_rights_in_one_namespace_let_hear_of_that_namespace(server: Server) -> None:
    mila = await server.client("mila")
    await yard.bind(server, "mila", "image-viewer", "other")
    ref = {"name": "broken", "namespace": "other"}
    async with listening(mila, IMAGES) as stream:
        await suspend(server, "synced")
        spec = {"repository": "a", "tag": "b", "registryRef": ref}
        await server.doors.objects.create(ADMIN, REPOSITORY, "other", {"metadata": {"name": "hers"}, "spec": spec})
        await stream.until("ADDED repositories/other/hers")
        assert "default" not in stream.text
    assert (await mila.get(f"{IMAGES}%20default")).status == 403


async def test_who_may_see_nothing_hears_nothing(nobody: Client) -> None:
    assert (await nobody.get(IMAGES)).status == 403


@pytest.mark.parametrize("on", ["", "secrets", "repositories%20a%20b%20c", ";".join(["repositories"] * 9)])
async def test_what_nobody_can_listen_to_is_told(viewer: Client, on: str) -> None:
    assert (await viewer.get(f"/console/events?on={on}")).status == 400


async def test_a_stream_ends_with_the_token(server: Server) -> None:
    vera = await server.client("temp", "image-viewer")
    async with listening(vera, IMAGES) as stream:
        await server.doors.tokens.revoke("temp")
        await suspend(server, "synced")
        await stream.until("synced")
        await suspend(server, "failed")
    assert "failed" not in stream.text


async def test_a_stream_ends_when_the_server_stops(server: Server, viewer: Client) -> None:
    async with listening(viewer, IMAGES) as stream:
        server.doors.stopping.set()
        async with asyncio.timeout(10):
            await stream.ended.wait()


async def test_no_session_holds_more_streams_than_its_tabs_need(server: Server, viewer: Client) -> None:
    async with listening(viewer, IMAGES), listening(viewer, IMAGES):
        pass
    many = listeners.Listeners()
    with ExitStack() as held:
        for _ in range(listeners.MOST):
            held.enter_context(many.listening("vera"))
        with pytest.raises(TooManyRequests):
            many.check("vera")
        many.check("otto")
    many.check("vera")
