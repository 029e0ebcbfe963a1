"""One connection of this process over which one request follows another, each with the time it took."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple


class Answer(NamedTuple):
    body: bytes
    milliseconds: float
    """From the request to the last byte of the answer."""


class Connection:
    """Over plain HTTP, with one token."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, token: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = f" HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"

    async def get(self, path: str) -> Answer:
        """Raises RuntimeError for what is no success."""
        return await self.ask("GET", path)

    async def ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Answer:
        """`headers` are whole lines."""
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        request = f"{method} {path}{self._head}{headers}{length}\r\n".encode() + body
        sent = time.perf_counter()
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        answer = await self._reader.readexactly(_length(head))
        taken = (time.perf_counter() - sent) * 1000
        if not head.startswith(b"HTTP/1.1 20"):
            raise RuntimeError(f"{method} {path}: {head.decode('latin-1')}{answer[:500]!r}")
        return Answer(answer, taken)


@asynccontextmanager
async def to(url: str, token: str) -> AsyncIterator[Connection]:
    """Open to `http://host:port`, for as long as the block runs."""
    address = url.removeprefix("http://")
    host, _, port = address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=16 * 1024 * 1024)
    try:
        yield Connection(reader, writer, address, token)
    finally:
        writer.close()


def at(sorted_: Sequence[float], share: float) -> float:
    """The value below which that share of all lies."""
    return sorted_[min(int(len(sorted_) * share), len(sorted_) - 1)]


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
