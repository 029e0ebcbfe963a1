"""The gate over aiohttp: prepare, send, read. Every exchange of the server is one call of `EgressClient.send`."""

import asyncio
import time
from collections.abc import Callable
from importlib.metadata import version
from types import TracebackType
from typing import Final, Self

import aiohttp
import structlog

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, Response, dialer, failures, limits, target
from imageyard.egress.dialer import Dial
from imageyard.egress.limits import Limits
from imageyard.egress.policy import Policy
from imageyard.egress.resolver import Resolver, SystemResolver
from imageyard.egress.target import Target
from imageyard.egress.trust import Handshake, Trust, handshake
from imageyard.egress.vetting import Vetting

_NO_BODY_STATUS: Final = frozenset({204, 304})

log = structlog.get_logger(__name__)


class EgressClient:
    """Implements `Gate`. `roots` (PEM) is trusted for every server, beside the system's roots.

    Use as an async context manager; leaving it closes the pool. `resolve` and `dial` stand for the machine's resolver
    and sockets. Raises ValueError when `roots` is no PEM.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        roots: str = "",
        resolve: Resolver | None = None,
        dial: Dial = dialer.open_socket,
        limits: Limits = limits.PRODUCT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._trust = Trust(roots)
        self._resolve = resolve or SystemResolver()
        self._vetting = Vetting(policy, self._resolve, limits.connect, clock)
        self._dial = dialer.guarded(dial, self._vetting)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        await self._vetting.close()
        if isinstance(self._resolve, SystemResolver):
            self._resolve.close()

    def _open(self) -> aiohttp.ClientSession:
        limits = self._limits
        connector = aiohttp.TCPConnector(
            resolver=self._vetting,
            socket_factory=self._dial,
            use_dns_cache=False,  # the vetting caches, so that no answer is kept without its verdict
            limit=0,  # the engine paces each host; a queue here would let one slow host delay the others
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": f"imageyard/{version('imageyard')}", "Accept-Encoding": "identity"},
            timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect, sock_read=limits.first_byte),
            max_line_size=limits.header_line,
            max_field_size=limits.header_line,
            max_headers=limits.headers,
        )

    async def send(self, request: Request) -> Response:
        """Carry out one exchange. Raises EgressError.

        A GET or HEAD that meets a connection which the server has just closed is sent once more (RFC 9110 section
        9.2.2), a POST is not.
        """
        goal = _parse(request.url)
        tls = Handshake()
        handshake.set(tls)
        try:
            async with asyncio.timeout(min(request.timeout, self._limits.total)):
                return await self._exchange(goal, request)
        except failures.FOREIGN as error:
            failure = failures.translate(error, handshake_began=tls.began)
            log.debug(
                "egress_failed", host=goal.host, port=goal.port, reason=failure.reason, error=type(error).__name__
            )
        # Raised here, not above: a foreign exception in the chain would carry the request's headers along.
        raise failure

    async def _exchange(self, goal: Target, request: Request) -> Response:
        assert self._session is not None, "EgressClient is an async context manager"  # noqa: S101
        await self._vetting.vet(goal.host, goal.port, goal.address)
        async with self._session.request(
            request.method,
            goal.url,
            headers=request.headers,
            data=request.body,
            allow_redirects=False,
            ssl=await self._trust.context(request.tls) if goal.url.scheme == "https" else True,
        ) as answer:
            body = await _read(answer, request)
        headers = tuple((name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in answer.raw_headers)
        return Response(request.url, answer.status, headers, body)


def _parse(url: str) -> Target:
    try:
        return target.parse(url)
    except ValueError:
        log.warning("egress_denied", kind="malformed_url", setting="none")
        raise EgressError(Reason.EgressDenied, "address") from None


async def _read(answer: aiohttp.ClientResponse, request: Request) -> bytes:
    """The body, whose bytes are counted as they come: Content-Length is a claim, and none is a claim too."""
    if request.method == "HEAD" or answer.status in _NO_BODY_STATUS:
        return b""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise EgressError(Reason.NotARegistry, "registry")
    if (answer.content_length or 0) > request.limit:
        raise EgressError(Reason.ResponseTooLarge, "registry")
    body = bytearray()
    while chunk := await answer.content.readany():
        body += chunk
        if len(body) > request.limit:
            raise EgressError(Reason.ResponseTooLarge, "registry")
    return bytes(body)
