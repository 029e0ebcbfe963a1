"""What is not a request yet: slow, endless and malformed heads, over real connections."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from imageyard.app import patience
from imageyard.app.patience import Patient


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


class Listening:
    """A listener on loopback; `ask` sends bytes and reads until the server closes or has answered."""

    def __init__(self, port: int, state: ServerState) -> None:
        self.port = port
        self.state = state

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        return int(head.split(b" ")[1]), body


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    config = uvicorn.Config(hello, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()
    loop = asyncio.get_running_loop()

    def protocol() -> Any:
        return Patient(config=config, server_state=state, app_state={}, _loop=loop)

    server = await loop.create_server(protocol, "127.0.0.1", 0)
    async with server:
        yield Listening(server.sockets[0].getsockname()[1], state)


async def turns() -> None:
    """Let what has arrived on loopback be read."""
    for _ in range(200):
        await asyncio.sleep(0)


REFUSED = {
    "Chinese in the URL": ("GET /?search=生产 HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "no HTTP": (b"hello\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "an encoded slash": (b"GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an endless header": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 70_000, 431),
    "an endless URL": (b"GET /" + b"a" * 70_000, 431),
    "many lines": (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200 + b"\r\n", 431),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_request_is_told_so_in_json(listening: Listening, data: bytes, status: int) -> None:
    code, body = await listening.ask(data)
    answer = json.loads(body)
    assert (code, answer["code"], answer["kind"]) == (status, status, "Status")


async def test_a_request_is_served(listening: Listening) -> None:
    assert await listening.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") == (200, b"ok")


@pytest.mark.parametrize(
    ("data", "seconds"),
    [
        (b"", patience.HEAD_SECONDS),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", patience.HEAD_SECONDS),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab", patience.BODY_SECONDS),
    ],
    ids=["silence", "half a head", "half a body"],
)
async def test_who_takes_too_long_over_a_request_is_cut_off(listening: Listening, data: bytes, seconds: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(data)
    await writer.drain()
    loop = asyncio.get_running_loop()
    await turns()
    patience.hurry(listening.state.connections, loop.time() + seconds - 1)
    assert len(listening.state.connections) == 1
    patience.hurry(listening.state.connections, loop.time() + seconds + 1)
    await reader.read()
    assert reader.at_eof()
    writer.close()
    await writer.wait_closed()
    await turns()


async def test_an_idle_connection_between_requests_is_left_alone(listening: Listening) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listening.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"ok")).endswith(b"ok")
    patience.hurry(listening.state.connections, asyncio.get_running_loop().time() + 3600)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reader.readuntil(b"ok")).endswith(b"ok")
    writer.close()
    await writer.wait_closed()
