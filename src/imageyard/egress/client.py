"""The gate over aiohttp: prepare, send, read. Every exchange of the server is one call of `EgressClient.send`."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import aiohttp
import structlog
from yarl import URL

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, Response, dialer, failures, interim, limits, target
from imageyard.egress import proxy as proxies
from imageyard.egress.address import Kind, Verdict
from imageyard.egress.dialer import Dial
from imageyard.egress.limits import Limits
from imageyard.egress.policy import Policy
from imageyard.egress.proxy import Proxy
from imageyard.egress.resolver import Resolver, SystemResolver
from imageyard.egress.target import Origin
from imageyard.egress.trust import Handshake, Trust, handshake
from imageyard.egress.unasked import Asking
from imageyard.egress.vetting import Vetting

_NO_BODY_STATUS: Final = frozenset({204, 304})
_AGENT: Final = f"imageyard/{version('imageyard')}"

log = structlog.get_logger(__name__)


class Opinion(NamedTuple):
    """What the gate thinks of one address; "" where the proxy is to resolve the name."""

    address: str
    verdict: Verdict
    proxied: bool


class EgressClient:
    """Implements `Gate`. `roots` (PEM) is trusted for every server, beside the system's roots; `proxy` carries what it
    does not leave direct.

    Use as an async context manager; leaving it closes the pool. `resolve` and `dial` stand for the machine's resolver
    and sockets. Raises ValueError when `roots` is no PEM.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        roots: str = "",
        proxy: Proxy | None = None,
        resolve: Resolver | None = None,
        dial: Dial = dialer.open_socket,
        limits: Limits = limits.PRODUCT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = limits
        self._trust = Trust(roots)
        self._proxy = proxy
        self._policy = policy
        self._resolve = resolve or SystemResolver()
        self._vetting = Vetting(policy, self._resolve, limits.connect, clock)
        self._dial = dialer.guarded(dial, self._vetting)
        self._clock = clock
        self._timeout = lru_cache(maxsize=512)(self._make_timeout)
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
        connector = interim.Connector(
            resolver=self._vetting,
            socket_factory=self._dial,
            use_dns_cache=False,  # the vetting caches, so that no answer is kept without its verdict
            limit=0,  # the engine paces each host; a queue here would let one slow host delay the others
        )
        return aiohttp.ClientSession(
            connector=connector,
            request_class=Asking,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            headers={"User-Agent": _AGENT, "Accept-Encoding": "identity"},
            max_line_size=limits.header_line,
            max_field_size=limits.header_line,
            max_headers=limits.headers,
        )

    def _make_timeout(self, total: float) -> aiohttp.ClientTimeout:
        limits = self._limits
        return aiohttp.ClientTimeout(
            total=max(total, 0.001),
            connect=limits.connect,
            sock_read=limits.first_byte,
            ceil_threshold=limits.total + 1,
        )

    async def consider(self, url: str) -> Sequence[Opinion]:
        """What would become of a request to `url`, by the very rules that a request meets. A name is resolved,
        unless the proxy is to do that; nothing is dialled. Raises ValueError, EgressError (DNSFailed)."""
        _, origin = target.parse(url)
        proxied = self._proxy is not None and self._proxy.carries(origin)
        if proxied and origin.address is None:
            kind = proxies.refusal(origin, self._policy)
            return [Opinion("", Verdict(kind is None, kind or Kind.PUBLIC), proxied)]
        judged = await self._vetting.consider(origin.host, origin.port, origin.address)
        return [Opinion(str(address), verdict, proxied) for address, verdict in judged]

    async def send(self, request: Request) -> Response:
        """Carry out one exchange. Raises EgressError.

        A GET or HEAD that meets a connection which the server has just closed is sent once more (RFC 9110 section
        9.2.2), a POST is not.
        """
        url, origin = _parse(request.url)
        proxy = self._proxy if self._proxy is not None and self._proxy.carries(origin) else None
        tls = Handshake()
        handshake.set(tls)
        try:
            return await self._exchange(request, url, origin, proxy)
        except failures.FOREIGN as error:
            tunnelled = proxy is not None and origin.secure
            failure = failures.translate(error, tls, tunnelled=tunnelled)
            cause = type(error).__name__
        tell = log.warning if failure.hint.startswith(failures.PROXY) else log.debug  # the proxy is the operator's
        tell("egress_failed", host=origin.host, port=origin.port, reason=failure.reason, cause=cause, hint=failure.hint)
        # Raised here, not above: a foreign exception in the chain would carry the request's headers along.
        raise failure

    async def _exchange(self, request: Request, url: URL, origin: Origin, proxy: Proxy | None) -> Response:
        if self._session is None:
            raise RuntimeError("EgressClient is an async context manager, and is not open")
        began = self._clock()
        allowed = min(request.timeout, self._limits.total)
        await self._vet(origin, proxy, allowed)
        context = await self._trust.context(request.tls) if origin.secure else True
        answer = await self._session.request(
            request.method,
            url,
            data=request.body,
            allow_redirects=False,
            ssl=context,
            timeout=self._timeout(round(allowed - (self._clock() - began), 1)),
            **_dressed(request, origin, proxy),
        )
        if proxy is not None and answer.status == 407:
            answer.close()
            raise aiohttp.ClientHttpProxyError(answer.request_info, (), status=answer.status)
        try:
            body = await _read(answer, request)
        finally:
            answer.release()  # back to the pool when read to its end, closed otherwise
        # A list inside, since a generator costs half as much again, and this runs for every poll.
        headers = tuple([(_lower(name), value.decode("latin-1")) for name, value in answer.raw_headers])
        return Response(request.url, answer.status, headers, body)

    async def _vet(self, origin: Origin, proxy: Proxy | None, within: float) -> None:
        if proxy is None:
            await self._vetting.vet(origin.host, origin.port, origin.address, within=within)
            return
        self._vetting.vet_unresolved(origin)
        try:
            await self._vetting.vet(proxy.host, proxy.port, proxy.address, within=within)
        except EgressError as failure:
            raise failures.of_proxy(failure.reason) from None


def _dressed(request: Request, origin: Origin, proxy: Proxy | None) -> dict[str, Any]:
    """The headers of a request, and who is shown which: the proxy's login goes to the proxy alone, and what is meant
    for an https server travels within the tunnel."""
    if proxy is None:
        return {"headers": request.headers}
    login = proxy.authorization
    own = {} if login is None else {proxies.AUTHORIZATION: login.reveal()}
    if origin.secure:
        return {"headers": request.headers, "proxy": proxy.url, "proxy_headers": {"User-Agent": _AGENT, **own}}
    shown = request.headers.items() if isinstance(request.headers, Mapping) else request.headers
    return {"headers": (*shown, *own.items()), "proxy": proxy.url}


def _parse(url: str) -> tuple[URL, Origin]:
    try:
        return target.parse(url)
    except ValueError:
        log.warning("egress_denied", kind="malformed_url", setting="none")
        raise EgressError(Reason.EgressDenied, "address") from None


@lru_cache(maxsize=512)
def _lower(name: bytes) -> str:
    return name.lower().decode("latin-1")  # latin-1, here and for values, since no byte fails in it


async def _read(answer: aiohttp.ClientResponse, request: Request) -> bytes:
    """The body, whose bytes are counted as they come: Content-Length is a claim, and none is a claim too."""
    if request.method == "HEAD" or answer.status in _NO_BODY_STATUS:
        return b""
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise EgressError(Reason.NotARegistry, "registry")
    refused = not 200 <= answer.status < 300
    limit = min(request.limit, limits.ERROR_BODY) if refused else request.limit
    cut = request.cut or refused
    if not cut and (answer.content_length or 0) > limit:
        raise EgressError(Reason.ResponseTooLarge, "registry")
    body = bytearray()
    while chunk := await answer.content.readany():
        body += chunk
        if len(body) > limit:
            if cut:
                return bytes(body[:limit])
            raise EgressError(Reason.ResponseTooLarge, "registry")
    return bytes(body)
