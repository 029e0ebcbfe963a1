"""Which requests are other web sites' doing, sent by the browser of somebody who only visits them: none is served.

Browsers say where a request was made. Two headers tell, and no script can set them:

1. `Sec-Fetch-Site`, from every browser of today, over HTTPS and on loopback.
2. `Origin`, where the first is missing: older browsers, and plain HTTP on other addresses. Browsers send it with every
   unsafe method.

Programs send neither and are let pass: they act for nobody but who gave them a token. `same-site` is refused like
`cross-site`: another port of this host is somebody else's server. No answer carries `Access-Control-*`.

Sources: https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
"""

from collections.abc import Mapping
from typing import Final

from imageyard.domain.errors import BadRequest, Forbidden
from imageyard.domain.text import Text
from imageyard.web.exchange import Exchange

_OURS: Final = (b"same-origin", b"none")
"""Made by a page of this server, or by nobody's page: typed, bookmarked."""
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}


def refuse(exchanged: Exchange) -> None:
    """A guard. Raises Forbidden for what another site makes a browser send."""
    if not admitted(exchanged.method, exchanged.headers, exchanged.scheme):
        raise Forbidden(
            Text(
                "已拒绝其他网站通过浏览器发起的请求；程序调用请勿携带 Origin 与 Sec-Fetch-* 请求头",
                "another web site had a browser send this request; programs send neither Origin nor Sec-Fetch-*",
            )
        )


def refuse_websocket(exchanged: Exchange) -> None:
    """A guard. Raises BadRequest: nothing here speaks WebSocket, and browsers bind it to no origin."""
    if exchanged.headers.get(b"upgrade", b"").strip().lower() == b"websocket":
        raise BadRequest(
            Text(
                "不支持 WebSocket；监听变更请使用 watch=true",
                "there are no WebSockets here; to follow changes, use watch=true",
            )
        )


def admitted(method: str, headers: Mapping[bytes, bytes], scheme: str) -> bool:
    """Whether a request is this server's own page's, a person's or a program's. `headers` have lower-case names, Host
    is one that this server goes by, `scheme` is what the browser used."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site in _OURS or _follows_link(method, headers)
    origin = headers.get(b"origin")
    return origin is None or _same(origin.decode("latin-1"), scheme, headers.get(b"host", b"").decode("latin-1"))


def _follows_link(method: str, headers: Mapping[bytes, bytes]) -> bool:
    """A person opens one of our pages from elsewhere: in a tab of its own, no frame, no form that changes something."""
    return (
        method in ("GET", "HEAD")
        and headers.get(b"sec-fetch-mode") == b"navigate"
        and headers.get(b"sec-fetch-dest") == b"document"
    )


def _same(origin: str, scheme: str, host: str) -> bool:
    """RFC 6454 section 5, where the default port may be written or left out. `null` is the origin of nobody we know."""
    default = _DEFAULT_PORTS.get(scheme, "")
    return origin.lower().removesuffix(default) == f"{scheme}://{host}".lower().removesuffix(default)
