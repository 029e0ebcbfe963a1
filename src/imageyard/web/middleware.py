"""What happens to every request at every door, as plain ASGI: each class is one promise wrapped around the next."""

import re
import traceback
from collections.abc import Callable, Mapping
from random import getrandbits
from time import perf_counter
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageyard.domain.errors import Failure, TooLarge
from imageyard.domain.text import Language, Text
from imageyard.metrics import Metrics
from imageyard.web import errors, exchange, reply
from imageyard.web.actor import Authentication
from imageyard.web.exchange import SAFE_METHODS, Exchange
from imageyard.web.reply import Reply

log = structlog.get_logger("imageyard.web")

MAX_BODY: Final = 3 * 1024 * 1024
"""Kubernetes' own limit for a request body."""
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


class Observed:
    """Every answer has a request id and is counted; changes and failures are logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics, language: Language) -> None:
        self._app = app
        self._language = language
        self._metrics = metrics
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        exchanged = Exchange(scope, receive, "", self._language)
        given = exchanged.headers.get(b"x-request-id")
        request_id = given if given and _REQUEST_ID.fullmatch(given) else b"%032x" % getrandbits(128)
        exchanged.request_id = request_id.decode("ascii")
        scope[exchange.KEY] = exchanged
        status = 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), _NOSNIFF]
            await send(message)

        try:
            await self._app(scope, receive, marked)
        finally:
            # The server's scope and our receive hold each other: untied, each request would wait for the collector.
            del scope[exchange.KEY]
            self._note(scope, exchanged, status, perf_counter() - started)

    def _note(self, scope: Scope, exchanged: Exchange, status: int, seconds: float) -> None:
        """Status 0: the client left before there was an answer."""
        verb = exchanged.verb or ("read" if exchanged.method in SAFE_METHODS else "write")
        key = (verb, exchanged.resource, status)
        children = self._children.get(key)
        if children is None:
            count = self._metrics.requests.labels(verb, exchanged.resource, str(status))
            children = self._children[key] = (count, self._metrics.request_seconds.labels(verb))
        children[0].inc()
        children[1].observe(seconds)
        if status < 400 and exchanged.method in SAFE_METHODS:
            return
        log.info(
            "request_answered",
            request_id=exchanged.request_id,
            method=exchanged.method,
            path=exchanged.path,
            status=status,
            milliseconds=round(seconds * 1000, 1),
            user=exchanged.actor.user,
            address=exchange.address_of(scope),
        )


Render = Callable[[Failure, Language], Reply]


class Translated:
    """Failures become the Status of the door they happened at; what nobody foresaw becomes a 500 that tells nothing.

    `renders` maps a path's first segment to the door's own rendering; every other path speaks REST."""

    def __init__(self, app: ASGIApp, renders: Mapping[str, Render]) -> None:
        self._app = app
        self._renders = renders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        exchanged = exchange.of(scope)
        try:
            await self._app(scope, receive, watched)
        except exchange.Disconnected:
            return
        except Failure as failure:
            if started:
                raise
            await self._answer(exchanged, failure, send)
        except Exception as error:
            _log_unexpected(exchanged, error)
            if started:
                raise
            await self._answer(exchanged, errors.Unexpected(exchanged.request_id), send)

    async def _answer(self, exchanged: Exchange, failure: Failure, send: Send) -> None:
        render = self._renders.get(exchanged.path.split("/", 2)[1] if "/" in exchanged.path else "", errors.render)
        await reply.send(render(failure, exchanged.language), exchanged.method, send)


def _log_unexpected(exchanged: Exchange, error: Exception) -> None:
    """Type and places only: an exception's text and a frame's locals may hold what was sent, a password included."""
    log.error(
        "request_failed",
        request_id=exchanged.request_id,
        method=exchanged.method,
        path=exchanged.path,
        exception=type(error).__name__,
        places=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)],
    )


class HostChecked:
    """Only names this server goes by are served, against DNS rebinding. `exempt` paths show nothing worth guarding and
    are asked by probes that put an address of their own into Host."""

    CACHED: Final = 1000

    def __init__(self, app: ASGIApp, allowed: Callable[[str], bool], exempt: frozenset[str]) -> None:
        self._app = app
        self._allowed = allowed
        self._exempt = exempt

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.path not in self._exempt and not self._allowed(hostname(exchanged.header(b"host"))):
            raise errors.Misdirected
        await self._app(scope, receive, send)


def hostname(host: str) -> str:
    """The name in a Host header: lower case, without port, brackets and a trailing dot."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


class Authenticated:
    """Nothing but the open paths is served to somebody unknown."""

    def __init__(self, app: ASGIApp, authentication: Authentication, open_paths: frozenset[str]) -> None:
        self._app = app
        self._authentication = authentication
        self._open = open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.path not in self._open:
            authorization = exchanged.headers.get(b"authorization")
            exchanged.actor = self._authentication.recognise(authorization, exchange.address_of(scope))
        await self._app(scope, receive, send)


class BodyLimited:
    """No door reads more than 3 MiB, whatever Content-Length says or leaves out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        length = exchanged.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > MAX_BODY:
            raise _too_large()
        if length != b"0" or b"transfer-encoding" in exchanged.headers:
            exchanged.receive = receive = _counted(receive)
        await self._app(scope, receive, send)


def _counted(receive: Receive) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MAX_BODY:
            raise _too_large()
        return message

    return counted


def _too_large() -> TooLarge:
    return TooLarge(Text("请求体超过 3 MiB", "the body is larger than 3 MiB"))
