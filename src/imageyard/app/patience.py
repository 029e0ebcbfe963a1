"""How long and how much a connection may take to say what it wants and to hear the answer, before anybody is known:
against slow, endless and deaf peers. What breaks these rules gets the REST door's Status (RFC 6585 section 5: 431; RFC
9110 section 15.5.15: 414; RFC 9112 section 3.2: one Host), in the language that what was read of its head asks for.
"""

import asyncio
import hashlib
import resource
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import structlog
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from imageyard.app import idle
from imageyard.app.corked import Corked
from imageyard.app.whole import Whole, line
from imageyard.domain.errors import BadRequest, Failure
from imageyard.domain.text import Language, Text
from imageyard.web import errors, exchange, hygiene, language

HEAD_BYTES: Final = 64 * 1024
"""Of a head; and of what stands between two pieces of a body or behind it, trailers included."""
HEAD_LINES: Final = 128
URL_BYTES: Final = 16 * 1024
"""Of a request's target: label selectors are long, and nothing else is."""
MOST_WAITING: Final = 16
"""Requests of one connection that wait behind the one being answered. What comes after them is not read: the connection
is closed behind their answers (RFC 9112 section 9.3.2: the client asks again for the rest)."""
HEAD_SECONDS: Final = 10.0
"""From the connection, or the first byte of a later request, to the end of its head."""
BODY_SECONDS: Final = 60.0
"""From the first byte of a request to the end of its body: 3 MiB at 50 kB/s."""

STALL_SECONDS: Final = 30.0
SLOWEST: Final = 50_000
"""Bytes a second. A peer that takes neither half of what waits for it nor so much in STALL_SECONDS is cut off: what it
was sent is held in memory."""

MOST_CONNECTIONS: Final = 10_000
"""Of one listener. Beyond, whoever has been silent longest is closed, or the newest when all are asking."""

_OTHER_FILES: Final = 2_000
"""Files that are no connection of a listener's: the database, and requests to registries."""

log = structlog.get_logger()

_MALFORMED: Final = BadRequest(
    Text(
        "请求不是有效的 HTTP 请求；URL 中的非 ASCII 字符须使用百分号编码",
        "the request is no valid HTTP; characters beyond ASCII in a URL have to be percent-encoded",
    )
)
_HOSTS: Final = BadRequest(Text("请求须有且仅有一个 Host 请求头", "a request needs exactly one Host header"))
_CREDENTIALS: Final = BadRequest(
    Text("请求最多只能有一个 Authorization 请求头", "a request may have one Authorization header at most")
)
_VERSION: Final = BadRequest(Text("只支持 HTTP/1.1 与 HTTP/1.0", "HTTP/1.1 and HTTP/1.0 are spoken here"))
_TARGET: Final = BadRequest(
    Text(
        "请求行中须是以 / 开头的路径，不能是完整的 URL",
        "a request line names a path that begins with /, not a whole URL",
    )
)
_FRAMING: Final = BadRequest(
    Text(
        "Transfer-Encoding 只能是 chunked，且只用于 HTTP/1.1",
        "Transfer-Encoding may be chunked and nothing else, and in HTTP/1.1 only",
    )
)
"""RFC 9112 section 6.1. What else is ambiguous about where a body ends, the parser refuses by itself."""
_URL: Final = errors.UrlTooLong(URL_BYTES)
_HEAD: Final = errors.HeadTooLarge(HEAD_BYTES, HEAD_LINES)
_SLASH: Final = BadRequest(Text("路径中不能有编码的斜杠（%2F）", "a path must not hold an encoded slash (%2F)"))


_VERSIONS: Final = ("1.1", "1.0")
_CHUNKED: Final = [b"chunked"]


class _Taking(NamedTuple):
    """What a peer had taken at a moment, and how many bytes more it has to take until the next."""

    since: float
    taken: int
    due: int


class Patient(HttpToolsProtocol):
    """uvicorn's protocol with limits on what is not a request yet, and on answers nobody reads."""

    beneath: asyncio.Transport | None = None
    """Of a TLS connection, the transport below."""
    default: Language = "zh"
    """Spoken where a request does not prefer a language."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._corked = Corked(transport, self.loop, self.beneath)
        super().connection_made(self._corked)
        self._idle = idle.of(self.server_state)
        now = self.loop.time()
        if len(self.connections) > most_connections() and not self._idle.make_room(now):
            transport.abort()
        self._idle.add(self._corked, now)
        self._idle.wake(self)
        self.headers = []
        self._certificate = _shown(transport)
        self._begun: float | None = now
        self._in_head = True
        self._deaf = False
        self._overhead = 0
        self._taking: _Taking | None = None
        self._served: RequestResponseCycle | None = None
        """The request that was begun to be answered last. Those behind it wait in `pipeline`."""
        self._refusal: Failure = _MALFORMED

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._served is not None and not self._served.response_complete:
            # uvicorn tells the request that came last, which may wait behind this one.
            self._served.disconnected = True
            self._served.message_event.set()
        self._idle.drop(self._corked)
        self._idle.rest(self)
        # They hold this connection, which holds them.
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        self._idle.drop(self._corked)
        self._idle.wake(self)
        if self._begun is None:
            self._begun = self.loop.time()
        self._overhead += len(data)
        super().data_received(data)
        # Lines of an unfinished head, or of trailers; those of a finished head are counted in `on_headers_complete`.
        if (self._overhead > HEAD_BYTES or len(self.headers) > HEAD_LINES) and not self._deaf:
            self._refusal = _URL if self._in_head and len(self.url) > URL_BYTES else _HEAD
            self.send_400_response("")
        # A body's end may come after its answer.
        self._fall_idle()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._begun is None:
            # Its beginning came with the end of the one before.
            self._begun = self.loop.time()

    def on_headers_complete(self) -> None:
        # Raising here makes the parser give up, and uvicorn answer by `send_400_response`.
        if len(self.pipeline) >= MOST_WAITING:
            self._hear_no_more()
        headers = self.headers
        if len(self.url) > URL_BYTES:
            # Not in `on_url`: the language of the answer stands behind it.
            self._refuse(_URL)
        # Counted exactly only where the bytes that came, of which a body may be a part, leave doubt.
        if len(headers) > HEAD_LINES or (
            self._overhead > HEAD_BYTES and sum(len(name) + len(value) for name, value in headers) > HEAD_BYTES
        ):
            self._refuse(_HEAD)
        names, version = [name for name, _ in headers], self.parser.get_http_version()
        if names.count(b"host") != 1 and version == "1.1":
            self._refuse(_HOSTS)
        if version not in _VERSIONS:
            self._refuse(_VERSION)
        if self.url[:1] != b"/" and self.url != b"*":
            self._refuse(_TARGET)
        if b"transfer-encoding" in names and (
            version != "1.1" or [value.lower() for name, value in headers if name == b"transfer-encoding"] != _CHUNKED
        ):
            self._refuse(_FRAMING)
        if names.count(b"authorization") > 1:
            self._refuse(_CREDENTIALS)
        if b"%" in self.url and b"%2f" in self.url.partition(b"?")[0].lower():
            self._refuse(_SLASH)
        super().on_headers_complete()
        extensions: dict[str, dict[object, object]] = {exchange.WHOLE: {"answer": Whole(self.cycle)}}
        self.scope["extensions"] = extensions
        if self._certificate:
            extensions[exchange.CERTIFICATE] = {"sha256": self._certificate}
        # Trailers are kept apart and dropped: they are no part of the head that was judged (RFC 9110 section 6.5.1).
        self.headers = []
        self._in_head = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._served = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._begun, self._in_head, self._overhead = None, True, 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Instead of uvicorn's own, which sets a timer for each answer to close an idle connection; `hurry` does."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if not self.pipeline:
            self.flow.resume_reading()
            self._fall_idle()
            return
        self._start_asgi_task(*self.pipeline.pop())
        if not self.pipeline:
            # Of what waits there is enough until then.
            self.flow.resume_reading()

    def _fall_idle(self) -> None:
        if self._begun is None and self._is_answered() and not self.transport.is_closing():
            self._idle.add(self._corked, self.loop.time())

    def overdue(self, now: float) -> bool:
        """Whether the peer has taken longer over a request than it may."""
        limit = HEAD_SECONDS if self._in_head else BODY_SECONDS
        return self._begun is not None and now - self._begun > limit

    def stalled(self, now: float) -> bool:
        """Whether the peer takes too little of what it is sent. To be asked now and then."""
        waiting = self._corked.waiting()
        if not waiting:
            self._taking = None
            return False
        taken = self._corked.flushed - waiting
        if self._taking is None or taken - self._taking.taken >= self._taking.due:
            self._taking = _Taking(now, taken, min((waiting + 1) // 2, int(SLOWEST * STALL_SECONDS)))
        return now - self._taking.since > STALL_SECONDS

    def at_rest(self) -> bool:
        """Whether nothing is asked and everything answered was taken."""
        return self._begun is None and self._is_answered() and not self._corked.unsent()

    def _is_answered(self) -> bool:
        """Whether no request is waiting for its answer, as far as its head has come."""
        return self.cycle is None or self.cycle.response_complete

    def half_asked(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._begun is not None

    def give_up(self) -> None:
        """Close without an answer: nobody has asked for anything yet."""
        log.info("connection_too_slow", address=self.client[0] if self.client else "")
        self._begun = None
        self.transport.close()

    def cut(self) -> None:
        """Drop what was not taken, and the connection with it."""
        log.info("connection_stalled", address=self.client[0] if self.client else "")
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """Answer in the shape of the REST door; `msg` is uvicorn's own wording. Hears no more."""
        if self._deaf:
            return
        self._deaf, self._begun = True, None
        if self._in_head or self._gives_up_waiting():
            # Answers keep their order: those before this one are given, and the connection ends with the last of them.
            before = self.pipeline[0][0] if self.pipeline else self._served
            if before is not None and not before.response_complete:
                before.keep_alive = False
                return
        elif self.cycle.response_started:
            # The answer is on its way already.
            self.transport.close()
            return
        answer = errors.render(self._refusal, self._language())
        pairs: list[tuple[bytes, bytes]] = [*self.server_state.default_headers, *answer.headers, *hygiene.EVERY]
        pairs += [(b"content-length", b"%d" % len(answer.body)), (b"connection", b"close")]
        pairs += [(b"x-request-id", exchange.new_request_id().encode("ascii"))]
        self.transport.write(b"".join([STATUS_LINE[answer.status], *map(line, pairs), b"\r\n", answer.body]))
        self.transport.close()

    def _gives_up_waiting(self) -> bool:
        """Whether the request whose body is being read waits behind others; it is never begun then."""
        if self.pipeline and self.pipeline[0][0] is self.cycle:
            self.pipeline.popleft()
            return True
        return False

    def _language(self) -> Language:
        """That of the head, as far as it was read."""
        read = self.headers if self._in_head else self.scope["headers"]
        return language.choose(dict(read).get(b"accept-language", b"").decode("latin-1"), self.default)

    def _hear_no_more(self) -> None:
        """Answer what was asked so far and close; the rest is not read."""
        self._deaf, self._begun = True, None
        self.cycle.keep_alive = False
        raise ValueError("too many requests wait")

    def _refuse(self, failure: Failure) -> None:
        self._refusal = failure
        raise ValueError(failure.text.en)


def _shown(transport: asyncio.Transport) -> str:
    """The fingerprint of the certificate by which the peer has proved itself in TLS: hex SHA-256 of its DER, "" for
    none."""
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if tls is not None else None
    return hashlib.sha256(der).hexdigest() if der else ""


def speaking(default: Language) -> Callable[..., Patient]:
    """Patient, in this language where a request does not prefer one."""

    def made(**given: Any) -> Patient:
        protocol = Patient(**given)
        protocol.default = default
        return protocol

    return made


def raise_limits() -> None:
    """Let this process open as many files as it may: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@lru_cache
def most_connections() -> int:
    """Of one listener, so that files, outbound requests and the other listener always have descriptors left."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return min(MOST_CONNECTIONS, (files - min(_OTHER_FILES, files // 3)) // 2)


def hurry(listener: ServerState, now: float) -> None:
    """Close the connections whose peers take too long to ask or to listen, or have not asked for long. To be called
    some ten times a second."""
    here = idle.of(listener)
    for connection in here.awake(now):
        if connection.stalled(now):
            connection.cut()
        elif connection.overdue(now):
            connection.give_up()
        elif connection.at_rest():
            here.rest(connection)
    here.say_goodbye(now)


def give_up_half_asked(listener: ServerState) -> None:
    """Close the connections whose peers have not said all of their request."""
    for connection in [*listener.connections]:
        if isinstance(connection, Patient) and connection.half_asked():
            connection.transport.abort()
