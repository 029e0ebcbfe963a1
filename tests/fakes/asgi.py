"""A client that speaks ASGI to an application: no sockets, no server, one request at a time."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """`headers` go with every request; those of a request win, and None takes one away."""

    app: ASGIApp
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = "192.0.2.1"

    async def request(
        self,
        method: str,
        url: str,
        body: bytes | Mapping[str, Any] | Sequence[Any] = b"",
        *,
        headers: Mapping[str, str | None] | None = None,
        chunks: Sequence[bytes] | None = None,
    ) -> Answer:
        """A mapping or list goes as JSON, with its Content-Type unless one is given."""
        sent: dict[str, str | None] = {"host": "127.0.0.1:8080", **self.headers}
        if not isinstance(body, bytes):
            sent["content-type"] = "application/json"
            body = json.dumps(body).encode()
        if chunks is not None:
            sent["transfer-encoding"] = "chunked"
        elif body:
            sent["content-length"] = str(len(body))
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        return await self._exchange(method, url, sent, [body] if chunks is None else chunks)

    async def get(self, url: str, **more: Any) -> Answer:
        return await self.request("GET", url, **more)

    async def post(self, url: str, body: Any = b"", **more: Any) -> Answer:
        return await self.request("POST", url, body, **more)

    async def put(self, url: str, body: Any = b"", **more: Any) -> Answer:
        return await self.request("PUT", url, body, **more)

    async def patch(self, url: str, body: Any = b"", **more: Any) -> Answer:
        return await self.request("PATCH", url, body, **more)

    async def delete(self, url: str, body: Any = b"", **more: Any) -> Answer:
        return await self.request("DELETE", url, body, **more)

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str | None], chunks: Sequence[bytes]
    ) -> Answer:
        path, _, query = url.partition("?")
        incoming: list[Message] = [
            {"type": "http.request", "body": chunk, "more_body": place < len(chunks) - 1}
            for place, chunk in enumerate(chunks)
        ]
        outgoing: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            outgoing.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers.items() if v is not None],
            "client": (self.address, 50000),
            "server": ("127.0.0.1", 8080),
        }
        await self.app(scope, receive, send)
        return _answer(outgoing)


def _answer(outgoing: Sequence[Message]) -> Answer:
    start, *rest = outgoing
    assert start["type"] == "http.response.start"
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in rest))
