"""How long and how much a connection may take to say what it wants, before anybody is known: against slow and endless
requests. What breaks these rules gets the REST door's Status (RFC 6585 section 5: 431; RFC 9112 section 3.2: one Host).
"""

import asyncio
import resource
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from imageyard.app.corked import Corked
from imageyard.domain.errors import BadRequest, Failure
from imageyard.domain.text import Text
from imageyard.web import errors, exchange

HEAD_BYTES: Final = 64 * 1024
HEAD_LINES: Final = 128
HEAD_SECONDS: Final = 10.0
"""From the connection, or the first byte of a later request, to the end of its head."""
BODY_SECONDS: Final = 60.0
"""From the first byte of a request to the end of its body: 3 MiB at 50 kB/s."""

MOST_CONNECTIONS: Final = 10_000
"""Of one listener; a connection beyond is closed at once."""

log = structlog.get_logger()

_MALFORMED: Final = BadRequest(
    Text(
        "请求不是有效的 HTTP 请求；URL 中的非 ASCII 字符须使用百分号编码",
        "the request is no valid HTTP; characters beyond ASCII in a URL have to be percent-encoded",
    )
)
_HOSTS: Final = BadRequest(Text("请求须有且仅有一个 Host 请求头", "a request needs exactly one Host header"))
_SLASH: Final = BadRequest(Text("路径中不能有编码的斜杠（%2F）", "a path must not hold an encoded slash (%2F)"))


class Patient(HttpToolsProtocol):
    """uvicorn's protocol with limits on what is not a request yet."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(Corked(transport, self.loop))
        if len(self.connections) > _most_connections():
            transport.abort()
        self._begun: float | None = self.loop.time()
        self._in_head = True
        self._head_bytes = 0
        self._refusal: Failure = _MALFORMED

    def data_received(self, data: bytes) -> None:
        if self._begun is None:
            self._begun = self.loop.time()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            self._refusal = errors.HeadTooLarge(HEAD_BYTES, HEAD_LINES)
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        # Raising here makes the parser give up, and uvicorn answer by `send_400_response`.
        self._in_head = False
        headers = self.headers
        # Counted exactly only where the bytes that came, of which a body may be a part, leave doubt.
        if len(headers) > HEAD_LINES or (
            self._head_bytes > HEAD_BYTES and sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES
        ):
            self._refuse(errors.HeadTooLarge(HEAD_BYTES, HEAD_LINES))
        if [name for name, _ in headers].count(b"host") != 1 and self.parser.get_http_version() == "1.1":
            self._refuse(_HOSTS)
        if b"%" in self.url and b"%2f" in self.url.partition(b"?")[0].lower():
            self._refuse(_SLASH)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._begun, self._in_head, self._head_bytes = None, True, 0
        super().on_message_complete()

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken longer over a request than it may."""
        limit = HEAD_SECONDS if self._in_head else BODY_SECONDS
        return self._begun is not None and now - self._begun > limit

    def give_up(self) -> None:
        """Close without an answer: nobody has asked for anything yet."""
        log.info("connection_too_slow", address=self.client[0] if self.client else "")
        self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer in the shape of the REST door; `msg` is uvicorn's own wording."""
        answer = errors.render(self._refusal, "zh")
        head = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n".encode("ascii")]
        pairs: list[tuple[bytes, bytes]] = [*self.server_state.default_headers, *answer.headers]
        pairs += [(b"content-length", b"%d" % len(answer.body)), (b"connection", b"close")]
        pairs += [(b"x-request-id", exchange.new_request_id().encode("ascii"))]
        head += [b"%s: %s\r\n" % pair for pair in pairs]
        self.transport.write(b"".join([*head, b"\r\n", answer.body]))
        self.transport.close()

    def _refuse(self, failure: Failure) -> None:
        self._refusal = failure
        raise ValueError(failure.text.en)


def raise_limits() -> None:
    """Let this process open as many files as it may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@lru_cache
def _most_connections() -> int:
    """Of one listener, so that files, outbound requests and the other listener always have descriptors left."""
    return min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3)


def hurry(connections: Any, now: float) -> None:
    """Close the connections whose peers took too long. Called about once a second."""
    for connection in [each for each in connections if isinstance(each, Patient) and each.overdue(now)]:
        connection.give_up()
