"""The thin layer over the gate: one exchange, and redirects followed by hand under the rules of `auth`."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, NamedTuple

from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.egress import EgressError, Gate, Request, Response, TLSOptions
from imageyard.registry import RegistryError, Source, auth, challenge, errors, peer, unanswered
from imageyard.registry.budget import Budget
from imageyard.registry.challenge import Challenge
from imageyard.registry.origin import URL, Origin
from imageyard.registry.peer import Peer

_STATUSES: Final = frozenset(HTTPStatus)
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a registry. `scope` is the token scope it needs, "" for `/v2/` itself."""

    method: Literal["GET", "HEAD"]
    path: str
    scope: str = ""
    accept: tuple[str, ...] = ()
    limit: int = 65_536
    cut: bool = False
    """Read a longer answer as far as the limit, for what its head tells."""


class Landed(NamedTuple):
    """The answer at the end of the redirects; `crossed` tells that it came from another origin than the source's."""

    response: Response
    crossed: bool


class Wire:
    """Sends. `observe` is told the status code of each answer, or the reason why there was none."""

    def __init__(self, gate: Gate, observe: Callable[[str], None] | None = None) -> None:
        self._gate = gate
        self._observe = observe or (lambda _: None)

    def within(self, seconds: float, clock: Clock) -> "Wire":
        """The same wire for one conversation that takes no longer."""
        return Wire(Budget(self._gate, clock, seconds), self._observe)

    async def exchange(self, request: Request) -> Response:
        """One exchange. Raises EgressError."""
        try:
            response = await self._gate.send(request)
        except EgressError as failure:
            self._observe(failure.reason)
            raise
        self._observe(_label(response.status))
        return response

    async def send(self, request: Request, to: Peer) -> Response:
        """One exchange with `to`. Raises RegistryError."""
        try:
            return await self.exchange(request)
        except EgressError as failure:
            raise unanswered.error(failure, to) from failure

    async def follow(self, source: Source, home: Origin, ask: Ask, authorization: Secret | None) -> Landed:
        """Ask the source's origin and follow at most three redirects. The credential is gone for good once one of
        them leaves the origin. Raises RegistryError."""
        url, crossed = URL(home, ask.path), False
        for _ in range(auth.MAX_REDIRECTS + 1):
            signed = None if crossed else authorization
            asked = request(source, home, url, ask.method, ask.accept, ask.limit, signed, cut=ask.cut)
            response = await self.send(asked, peer.of("redirect" if crossed else "registry", url.origin, home))
            if response.status not in REDIRECTS:
                return Landed(response, crossed)
            hop = auth.redirect(url, response.header("location"))
            if hop is None:
                raise refused_redirect(url.origin, response.header("location"))
            url, crossed = hop.url, crossed or not hop.same_origin
        raise errors.error(Reason.RedirectRefused, Text("重定向次数过多", "too many redirects"))


def asked(response: Response) -> Challenge | None:
    """The challenge of a 401 that is to be answered."""
    return challenge.choose(value for name, value in response.headers if name == "www-authenticate")


def _label(status: int) -> str:
    """A registered status code as it is, another one by its class: servers cannot invent labels."""
    return str(status) if status in _STATUSES else f"{status // 100}xx"


def request(
    source: Source,
    home: Origin,
    url: URL,
    method: Literal["GET", "HEAD"],
    accept: tuple[str, ...] = (),
    limit: int = 65_536,
    authorization: Secret | None = None,
    *,
    cut: bool = False,
) -> Request:
    """Prepare one exchange. Each accepted type is a header line of its own: Harbor 1.1 and old distributions read
    only the first of a comma-joined list."""
    headers = [("Accept", type_) for type_ in accept]
    if authorization is not None:
        headers.append(("Authorization", authorization.reveal()))
    return Request(method, str(url), headers=tuple(headers), limit=limit, cut=cut, tls=tls(source, home, url.origin))


def tls(source: Source, home: Origin, target: Origin) -> TLSOptions:
    """A source's own roots count wherever it leads; an unchecked certificate only at the source's own host
    and port."""
    at_home = (target.host, target.port) == (home.host, home.port)
    return TLSOptions(source.ca_bundle, source.skip_verify and at_home)


def refused_redirect(current: Origin, location: str) -> RegistryError:
    """Why a redirect is not followed. The target is named by its origin only: queries of redirects are capabilities."""
    downgraded = location.lower().startswith("http://") and current.scheme == "https"
    detail = (
        Text("从 HTTPS 降级到 HTTP", "from HTTPS down to HTTP")
        if downgraded
        else Text("目标地址无效", "the target is no valid URL")
    )
    return errors.error(Reason.RedirectRefused, detail)
