"""Real servers on loopback that answer exactly the bytes they are told to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """`port` on 127.0.0.1, the connections accepted so far, and the heads of the requests read, in order."""

    port: int = 0
    connections: int = 0
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/v2/", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(*answers: bytes | Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """Answer the n-th request with the n-th answer, then with the last one. An answer of bytes keeps the connection
    open; a callable does as it likes and the connection is closed after it."""
    server = Server()
    writers: set[asyncio.StreamWriter] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                server.heads.append(head)
                server.bodies.append(await reader.readexactly(_length(head)))
                answer = answers[min(len(server.heads), len(answers)) - 1]
                if not isinstance(answer, bytes):
                    await answer(writer)
                    return
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return
        finally:
            writers.discard(writer)
            writer.close()

    listener = await asyncio.start_server(converse, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        await listener.wait_closed()


def _length(head: str) -> int:
    lines = (line.partition(":") for line in head.lower().splitlines())
    return next((int(value) for name, _, value in lines if name == "content-length"), 0)


def answer(status: str = "200 OK", body: bytes = b"", *headers: str) -> bytes:
    """A complete HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def silence(_: asyncio.StreamWriter) -> None:
    """Never answer; the test's end cancels it."""
    await asyncio.Event().wait()


async def hang_up(_: asyncio.StreamWriter) -> None:
    """Close without a word."""
