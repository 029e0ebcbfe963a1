"""An answer by one call is, byte for byte, the answer by messages; what cannot be given so is left to them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from imageyard.app import patience
from imageyard.app.whole import Whole
from imageyard.web.exchange import WHOLE
from imageyard.web.hygiene import Headers

SHARED: Headers = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"))


class App:
    """Answers the same by one call at `/whole`, where it can, and by messages elsewhere."""

    def __init__(self, status: int = 200, shared: Headers = SHARED, body: bytes = b"{}") -> None:
        self.status = status
        self.shared = shared
        self.body = body
        self.told: list[bool] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.go.wait()
        whole: Whole = scope["extensions"][WHOLE]["answer"]
        own = ((b"content-length", b"%d" % len(self.body)), (b"x-request-id", b"a"))
        if scope["path"] == "/whole":
            self.told.append(whole(self.status, (self.shared,), own, self.body))
            if self.told[-1]:
                return
        await send({"type": "http.response.start", "status": self.status, "headers": [*self.shared, *own]})
        await send({"type": "http.response.body", "body": self.body})


@asynccontextmanager
async def served(app: App) -> AsyncIterator[Callable[[], Any]]:
    """Yields what opens a connection."""
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state, loop, protocol = ServerState(), asyncio.get_running_loop(), patience.speaking("zh")
    state.default_headers = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]
    server = await loop.create_server(
        lambda: protocol(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
    )
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield lambda: asyncio.open_connection("127.0.0.1", port)


async def asked(app: App, request: bytes) -> bytes:
    async with served(app) as connect:
        reader, writer = await connect()
        writer.write(request)
        answer: bytes = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


def request(path: str, version: str = "1.1", more: str = "Connection: close\r\n") -> bytes:
    return f"GET {path} HTTP/{version}\r\nHost: a\r\n{more}\r\n".encode()


@settings(max_examples=25, deadline=None)
@given(
    status=st.sampled_from([200, 201, 403, 404, 500]),
    size=st.integers(0, 100) | st.integers(30_000, 40_000),
    version=st.sampled_from(["1.0", "1.1"]),
)
def test_both_ways_say_the_same_bytes(status: int, size: int, version: str) -> None:
    async def both() -> tuple[bytes, bytes]:
        app = App(status, body=b"x" * size)
        pair = (await asked(app, request("/whole", version)), await asked(app, request("/messages", version)))
        assert app.told == [True]
        return pair

    whole, messages = asyncio.run(both())
    assert whole == messages


async def test_answers_on_one_connection_keep_their_order_in_whichever_way_they_are_given() -> None:
    app = App()
    paths = ["/whole", "/messages", "/whole", "/whole"]
    sent = b"".join(request(path, more="") for path in paths[:-1]) + request(paths[-1])
    answer = await asked(app, sent)
    assert answer.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert answer.count(b"\r\n\r\n{}") == 4
    assert answer.count(b"connection: close") == 1


async def test_what_decides_about_its_connection_is_left_to_messages() -> None:
    app = App(413, (*SHARED, (b"connection", b"close")))
    answer = await asked(app, request("/whole", more=""))
    assert app.told == [False]
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("value", [b"a\r\nx-forged: b", b"a\nb", b"a\x00b"], ids=["a line", "a feed", "a NUL"])
async def test_a_header_that_holds_what_none_may_is_never_sent(value: bytes) -> None:
    answer = await asked(App(shared=((b"x-warning", value),)), request("/whole"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"forged" not in answer


async def test_who_left_is_answered_nothing_and_nothing_is_an_error() -> None:
    app = App()
    app.go.clear()
    async with served(app) as connect:
        _, writer = await connect()
        writer.write(request("/whole"))
        await writer.drain()
        await turns()
        writer.transport.abort()
        await turns()
        app.go.set()
        await turns()
    assert app.told == [True]


async def test_who_does_not_read_is_waited_for_rather_than_written_to() -> None:
    app = App(body=b"x" * 4_000_000)
    async with served(app) as connect:
        reader, writer = await connect()
        writer.transport.pause_reading()
        for _ in range(3):
            writer.write(request("/whole", more=""))
            await turns()
        assert app.told == [True, False]
        writer.transport.resume_reading()
        for _ in range(3):
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert await reader.readexactly(4_000_000) == app.body
        writer.transport.abort()


async def turns() -> None:
    """Let what has arrived on loopback be read."""
    for _ in range(200):
        await asyncio.sleep(0)
