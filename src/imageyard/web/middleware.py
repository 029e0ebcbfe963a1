"""What happens to every request at every door: each class is one promise.

Those that see an answer pass are ASGI, wrapped around the next. What has to hold before a door opens is a guard: it
looks at the exchange and raises or lets pass, without a turn of its own in the chain.
"""

import re
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from time import perf_counter
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageyard.domain.errors import AlreadyExists, Failure, TooLarge, UnsupportedMediaType
from imageyard.domain.text import Language, Text
from imageyard.metrics import Metrics
from imageyard.web import errors, exchange, hygiene, reply
from imageyard.web.actor import Authentication
from imageyard.web.exchange import SAFE_METHODS, Exchange
from imageyard.web.reply import Reply

log = structlog.get_logger("imageyard.web")

MAX_BODY: Final = 3 * 1024 * 1024
"""Kubernetes' own limit for a request body."""


class Observed:
    """Every answer has a request id and is counted; changes and failures are logged."""

    def __init__(self, app: ASGIApp, metrics: Metrics, language: Language) -> None:
        self._app = app
        self._language = language
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = perf_counter()
        scope[exchange.KEY] = exchanged = Exchange(scope, receive, self._language)

        def marked(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                exchanged.status = message["status"]
                message["headers"] = [*message["headers"], *exchanged.marks, *hygiene.EVERY]
            return send(message)

        try:
            await self._app(scope, receive, marked)
        finally:
            # The server's scope and our receive hold each other: untied, each request would wait for the collector.
            del scope[exchange.KEY]
            self._note(exchanged, perf_counter() - started)

    def _note(self, exchanged: Exchange, seconds: float) -> None:
        """Status 0: the client left before there was an answer."""
        status, verb = exchanged.status, exchanged.verb or ("read" if exchanged.method in SAFE_METHODS else "write")
        self._metrics.answered.note(verb, exchanged.resource, status, seconds)
        if status < 400 and exchanged.method in SAFE_METHODS:
            return
        log.info(
            "request_answered",
            request_id=exchanged.request_id,
            user=exchanged.actor.user,
            verb=verb,
            resource=exchanged.resource,
            namespace=exchanged.namespace,
            name=exchanged.name,
            code=status,
            duration_ms=round(seconds * 1000, 1),
            method=exchanged.method,
            path=exchanged.shown_path,
            address=exchanged.address,
        )


Render = Callable[[Failure, Exchange], Reply]


class Translated:
    """Failures become the Status of the door they happened at; what nobody foresaw becomes a 500 that tells nothing.

    `renders` maps a path's first segment to the door's own rendering; every other path speaks REST about no object."""

    def __init__(self, app: ASGIApp, renders: Mapping[str, Render]) -> None:
        self._app = app
        self._renders = renders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        try:
            await self._app(scope, receive, send)
        except exchange.Disconnected:
            return
        except Failure as failure:
            if exchanged.status:
                raise
            await self._answer(exchanged, failure, send)
        except Exception as error:
            _log_unexpected(exchanged, error)
            if exchanged.status:
                raise
            await self._answer(exchanged, errors.Unexpected(exchanged.request_id), send)

    async def _answer(self, exchanged: Exchange, failure: Failure, send: Send) -> None:
        exchanged.reason = errors.outcome(failure).reason
        if isinstance(failure, AlreadyExists):
            exchanged.name = exchanged.name or failure.name
        render = self._renders.get(exchanged.path.split("/", 2)[1] if "/" in exchanged.path else "", _render)
        await reply.send(render(failure, exchanged), exchanged, send)


def _render(failure: Failure, exchanged: Exchange) -> Reply:
    return errors.render(failure, exchanged.language)


def _log_unexpected(exchanged: Exchange, error: Exception) -> None:
    """Type and places only: an exception's text and a frame's locals may hold what was sent, a password included."""
    log.error(
        "request_failed",
        request_id=exchanged.request_id,
        method=exchanged.method,
        path=exchanged.shown_path,
        exception=type(error).__name__,
        places=[f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)],
    )


Guard = Callable[[Exchange], Awaitable[None] | None]
"""Raises what is to be answered instead. One that has to wait for somebody answers what is to be awaited; most never
do, and cost no turn of the event loop."""


class Guarded:
    """A door opens when every guard, in this order, has let the request pass. Who is not let pass hears it when it is
    his `turn`."""

    def __init__(
        self, app: ASGIApp, guards: Sequence[Guard], turn: Callable[[Exchange, Failure], Awaitable[None]]
    ) -> None:
        self._app = app
        self._guards = guards
        self._turn = turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        try:
            for guard in self._guards:
                waiting = guard(exchanged)
                if waiting is not None:
                    await waiting
        except Failure as failure:
            await self._turn(exchanged, failure)
            raise
        await self._app(scope, exchanged.receive, send)


class HostChecked:
    """Only names this server goes by are served, against DNS rebinding. `exempt` paths show nothing worth guarding and
    are asked by probes that put an address of their own into Host."""

    CACHED: Final = 1000
    """Headers whose judgement is remembered: clients send the same few."""

    def __init__(self, allowed: Callable[[str], bool], exempt: frozenset[str]) -> None:
        self._exempt = exempt

        def allows(header: bytes) -> bool:
            name = hostname(header.decode("latin-1"))
            return name is not None and allowed(name)

        self._allows = lru_cache(self.CACHED)(allows)

    def __call__(self, exchanged: Exchange) -> None:
        if not self._allows(exchanged.headers.get(b"host", b"")) and exchanged.path not in self._exempt:
            raise errors.Misdirected


_HOST: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\.?)(?::[0-9]{0,5})?")


def hostname(host: str) -> str | None:
    """The name in a Host header: lower case, without port, brackets and a trailing dot. None for what is no host."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else None


class Authenticated:
    """Nothing but the open paths is served to somebody unknown. `own` are the guards of doors that know callers in a
    way of their own, by first segment."""

    def __init__(self, authentication: Authentication, open_paths: frozenset[str], own: Mapping[str, "Guard"]) -> None:
        self._authentication = authentication
        self._open = open_paths
        self._own = own

    def __call__(self, exchanged: Exchange) -> Awaitable[None] | None:
        if exchanged.path in self._open:
            return None
        own = self._own.get(exchanged.path.split("/", 2)[1]) if "/" in exchanged.path else None
        return own(exchanged) if own is not None else self._authentication.recognise(exchanged)


def _compressed() -> UnsupportedMediaType:
    return UnsupportedMediaType(
        Text(
            "请求体不能压缩：请去掉请求头 Content-Encoding，以原文发送",
            "a body may not be compressed; send it as it is, without the header Content-Encoding",
        )
    )


def limit_body(exchanged: Exchange) -> None:
    """No door reads more than 3 MiB, whatever Content-Length says or leaves out, nor anything that would grow."""
    length = exchanged.headers.get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > MAX_BODY:
        raise _too_large()
    if length != b"0" or b"transfer-encoding" in exchanged.headers:
        if exchanged.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise _compressed()
        exchanged.receive = _counted(exchanged.receive)


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
