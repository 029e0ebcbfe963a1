"""TLS connections that do not get as far as a request, on the product's own event loop."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.server import ServerState

from imageyard.app import listeners, patience
from imageyard.app.certificates import Certificates
from imageyard.app.handshakes import Handshakes
from tests.app.test_patience import Hello

MOST: Final = 25


class Listening:
    """A TLS listener on loopback."""

    def __init__(self, port: int, ca: Path, handshakes: Handshakes, state: ServerState) -> None:
        self.port = port
        self.handshakes = handshakes
        self.state = state
        self._clients: list[asyncio.StreamWriter] = []
        self.context = ssl.create_default_context(cafile=str(ca))

    async def silent(self) -> asyncio.StreamWriter:
        """Somebody who connects and says nothing."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._clients.append(writer)
        return writer

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context)
        self._clients.append(writer)
        return reader, writer

    async def leave(self) -> None:
        """Both ends, at once."""
        for held in self.state.connections:
            held.transport.abort()
        self.handshakes.close()
        for client in self._clients:
            client.transport.abort()
            with contextlib.suppress(OSError):
                await client.wait_closed()

    async def ask(self, path: str = "/") -> bytes:
        reader, writer = await self.connected()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return await reader.read()


@asynccontextmanager
async def listening(place: Path, most: int) -> AsyncIterator[Listening]:
    issued = Certificates(place)
    issued.ensure(["127.0.0.1"], datetime.now(UTC))
    context = listeners.context(issued.server, issued.server_key)
    async with listening_with(context, issued.ca, Hello(), most) as here:
        yield here


@asynccontextmanager
async def listening_with(context: ssl.SSLContext, ca: Path, app: ASGIApp, most: int) -> AsyncIterator[Listening]:
    config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)
    config.load()
    state, handshakes, loop = ServerState(), Handshakes(context, most), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: handshakes(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
    )
    here = Listening(server.sockets[0].getsockname()[1], ca, handshakes, state)
    try:
        yield here
    finally:
        await here.leave()
        server.close()
        await server.wait_closed()


async def until(holds: Callable[[], bool]) -> None:
    """Let loopback do its work, of which nobody tells when it is done."""
    for _ in range(20_000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came about")


Scenario = Callable[[Listening], Awaitable[None]]


async def served(here: Listening) -> None:
    answers = await asyncio.gather(*(here.ask() for _ in range(20)))
    assert [answer[-2:] for answer in answers] == [b"ok"] * 20
    assert len(here.handshakes) == 0


async def makes_room(here: Listening) -> None:
    for _ in range(MOST + 5):
        await here.silent()
    await until(lambda: len(here.handshakes) == MOST)
    assert (await here.ask()).endswith(b"ok")


async def idle_ones_make_room(here: Listening) -> None:
    """The one that has asked nothing for longest goes; one that waits for its answer stays."""
    reading, busy = await here.connected()
    busy.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await reading.readline()).startswith(b"HTTP/1.1 200")
    readers = []
    for _ in range(MOST - 1):
        reader, writer = await here.connected()
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await reader.readuntil(b"ok")
        readers.append((reader, writer))
    assert (await here.ask()).endswith(b"ok")
    with contextlib.suppress(ConnectionError):
        assert await readers[0][0].read() == b""
    for reader, writer in readers[1:]:
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert await reader.readuntil(b"ok")
    assert len(await reading.readexactly(1_000_000)) == 1_000_000


async def forgets_the_failed(here: Listening) -> None:
    writer = await here.silent()
    await until(lambda: len(here.handshakes) == 1)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await until(lambda: len(here.handshakes) == 0)


async def forgets_who_went(here: Listening) -> None:
    writer = await here.silent()
    await until(lambda: len(here.handshakes) == 1)
    writer.close()
    await until(lambda: len(here.handshakes) == 0)


async def drops_all(here: Listening) -> None:
    await here.silent()
    await until(lambda: len(here.handshakes) == 1)
    here.handshakes.close()
    await until(lambda: len(here.handshakes) == 0)


async def cuts_who_does_not_read(here: Listening) -> None:
    _, writer = await here.connected()
    writer.write(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
    now = asyncio.get_running_loop().time()
    for _ in range(200):
        await asyncio.sleep(0)
    patience.hurry(here.state, now)
    assert len(here.state.connections) == 1
    patience.hurry(here.state, now + patience.STALL_SECONDS + 1)
    await until(lambda: not here.state.connections)


PROMISES: dict[str, Scenario] = {
    "who shakes hands is served": served,
    "the silent make room for others": makes_room,
    "the idle make room for others": idle_ones_make_room,
    "who speaks no TLS is forgotten": forgets_the_failed,
    "who goes away is forgotten": forgets_who_went,
    "a stop drops them": drops_all,
    "who does not read an answer is cut off": cuts_who_does_not_read,
}


@pytest.mark.parametrize("promise", PROMISES.values(), ids=PROMISES)
def test_of_a_tls_listener(promise: Scenario, tmp_path: Path) -> None:
    async def check() -> None:
        async with listening(tmp_path, MOST) as here:
            await promise(here)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check())
