"""A real forward proxy on loopback (RFC 9110 section 9.3.6): CONNECT, and absolute-form for plain HTTP.

Every name it is asked for is 127.0.0.1; it remembers what it was shown and what went through its tunnels.
"""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from imageyard.domain.secret import Secret
from imageyard.egress.proxy import Direct, Proxy


@dataclass
class ForwardProxy:
    """`login` is what it wants (`user:password`), "" for nothing; `answer` is said instead of passing anything on."""

    login: str = ""
    answer: bytes | None = None
    port: int = 0
    heads: list[str] = field(default_factory=list)
    tunnelled: bytearray = field(default_factory=bytearray)

    def setting(self, *direct: str, login: str = "") -> Proxy:
        """This proxy as the operator names it."""
        return Proxy("127.0.0.1", self.port, Secret(login), Direct.of(direct))

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            refusal = self.answer or self._challenge(head)
            if refusal is not None:
                writer.write(refusal)
            elif head.startswith("CONNECT "):
                await self._tunnel(head, reader, writer)
            else:
                await self._pass_on(head, reader, writer)
        writer.close()

    def _challenge(self, head: str) -> bytes | None:
        wanted = base64.b64encode(self.login.encode()).decode()
        if not self.login or f"Proxy-Authorization: Basic {wanted}\r\n" in head:
            return None
        return b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"

    async def _tunnel(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await self._dial(head.split(" ")[1], writer)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await self._relay((reader, writer), there)

    async def _pass_on(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, url, rest = head.split(" ", 2)
        authority, _, path = url.removeprefix("http://").partition("/")
        there = await self._dial(authority, writer)
        lines = [line for line in rest.split("\r\n") if not line.startswith("Proxy-")]
        there[1].write(f"{method} /{path} ".encode() + "\r\n".join(lines).encode("latin-1"))
        await self._relay((reader, writer), there)

    async def _dial(
        self, authority: str, writer: asyncio.StreamWriter
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            return await asyncio.open_connection("127.0.0.1", int(authority.rpartition(":")[2]))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            raise

    async def _relay(self, *ends: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        (here, back), (there, forth) = ends
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pump(here, forth))
            tasks.create_task(self._pump(there, back))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self.tunnelled += data
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def forwarding(login: str = "", answer: bytes | None = None) -> AsyncIterator[ForwardProxy]:
    proxy = ForwardProxy(login, answer)
    conversations: set[asyncio.Task[None]] = set()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        conversations.add(task)
        try:
            await proxy.converse(reader, writer)
        finally:
            conversations.discard(task)

    listener = await asyncio.start_server(converse, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        await asyncio.gather(*conversations, return_exceptions=True)
        await listener.wait_closed()
