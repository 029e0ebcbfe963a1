"""The token exchange: prepare the request to a realm, interpret its answer. Pure but for `fetch`.

Source: distribution docs/content/spec/auth/token.md (GET with Basic; the one form that every service speaks).
"""

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.egress import Request, Response
from imageyard.registry import Source, auth, errors, peer, strictjson, tokens, wire
from imageyard.registry.auth import Realm
from imageyard.registry.origin import URL, Origin
from imageyard.registry.tokens import Token
from imageyard.registry.wire import Wire

MAX_ANSWER: Final = 65_536
MAX_TOKEN: Final = 16_384
"""Characters; a header line that is longer is refused by most servers."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


async def fetch(
    sender: Wire, source: Source, home: Origin, realm: Realm, service: str, scope: str, now: datetime
) -> Token:
    """Exchange the credential for a token, or ask anonymously where the realm is not trusted. Raises RegistryError."""
    credential = auth.basic(source) if realm.trusted else None
    url = query(realm.url, service, scope)
    service_host = peer.of("tokens", url.origin, home)
    response = await sender.send(_request(source, home, url, credential), service_host)
    if response.status in wire.REDIRECTS:
        hop = auth.redirect(url, response.header("location"))
        if hop is None or not hop.same_origin:
            detail = Text("令牌服务重定向到其他地址", "the token service redirects elsewhere")
            raise errors.error(Reason.RedirectRefused, detail)
        response = await sender.send(_request(source, home, hop.url, credential), service_host)
    return read(response, now)


def query(realm: URL, service: str, scope: str) -> URL:
    """The realm with service and scope added to a query it may already have."""
    asked = urlencode([(key, value) for key, value in (("service", service), ("scope", scope)) if value])
    if not asked:
        return realm
    return URL(realm.origin, f"{realm.target}{'&' if '?' in realm.target else '?'}{asked}")


def _request(source: Source, home: Origin, url: URL, credential: Secret | None) -> Request:
    return wire.request(source, home, url, "GET", ("application/json",), MAX_ANSWER, credential, cut=True)


def read(response: Response, now: datetime) -> Token:
    """Interpret a token service's answer. Raises RegistryError: Unauthorized for 401, Forbidden for 403 (GHCR, to an
    expired token), both marked `unauthorized`; NotARegistry for a web page, Unsupported for what is no token."""
    if response.status in (401, 403):
        refused = errors.of_status(response, now, "token")
        refused.unauthorized = True
        raise refused
    if response.status != 200:
        raise errors.of_status(response, now, "token")
    try:
        document = strictjson.read(response.body)
    except strictjson.BadJSON:
        document = None
    if isinstance(document, dict):
        for value in (document.get("token"), document.get("access_token")):
            if isinstance(value, str) and len(value) <= MAX_TOKEN and _TOKEN.fullmatch(value):
                return Token(Secret(value), _lifetime(document.get("expires_in")))
    reason = Reason.NotARegistry if errors.is_html(response) else Reason.Unsupported
    raise errors.error(reason, Text("令牌服务的应答无法识别", "the token service's answer holds no token"))


def _lifetime(value: object) -> float:
    """Seconds of `expires_in`. `issued_at` is not looked at: clocks differ, and ours is monotonic."""
    valid = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(min(value, tokens.MAX_LIFETIME)) if valid and isinstance(value, int | float) else tokens.MIN_LIFETIME
