"""A client that watches: events come to it as they are sent, and it leaves when it likes."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Message

from tests.fakes.asgi import Client


class Watch:
    """A watch that is under way: its events as they come."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.leave = asyncio.Event()
        self.ended = asyncio.Event()

    async def receive(self) -> Message:
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        for line in message.get("body", b"").splitlines():
            self.events.put_nowait(json.loads(line))

    async def next(self) -> tuple[str, str]:
        """Type and name of the next event that is no bookmark."""
        while True:
            event = await asyncio.wait_for(self.events.get(), 5)
            if event["type"] != "BOOKMARK":
                return event["type"], event["object"]["metadata"].get("name", event["object"].get("reason", ""))

    async def some(self, count: int) -> list[tuple[str, str]]:
        return [await self.next() for _ in range(count)]


@asynccontextmanager
async def watching(client: Client, url: str, **headers: str) -> AsyncIterator[Watch]:
    watch = Watch()
    path, _, query = url.partition("?")
    sent = {"host": "127.0.0.1:8080", **client.headers, **headers}
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("192.0.2.1", 1),
    }

    async def run() -> None:
        try:
            await client.app(scope, watch.receive, watch.send)
        finally:
            watch.ended.set()

    task = asyncio.create_task(run())
    try:
        yield watch
    finally:
        watch.leave.set()
        await asyncio.wait_for(task, 5)
