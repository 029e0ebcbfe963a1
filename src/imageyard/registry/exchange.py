"""The token exchange: prepare the request to a realm, interpret its answer. Pure but for `fetch`.

Source: distribution docs/content/spec/auth/token.md (GET with Basic; the one form that every service speaks) and
oauth.md (POST, for identity tokens).
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.egress import Request, Response
from imageyard.registry import Source, auth, errors, origin, peer, strictjson, tokens, wire
from imageyard.registry.auth import Realm
from imageyard.registry.origin import URL, Origin
from imageyard.registry.peer import Peer
from imageyard.registry.tokens import Token
from imageyard.registry.wire import Wire

MAX_ANSWER: Final = 65_536
MAX_TOKEN: Final = 16_384
"""Characters; a header line that is longer is refused by most servers."""

IDENTITY: Final = "<token>"
"""The user name under which `docker login` keeps an identity token instead of a password."""
CLIENT: Final = "imageyard"
_NO_POST: Final = frozenset({404, 405})
"""Answers of token services that speak the GET form alone."""

_TOKEN = re.compile(r"[\x21-\x7e]+")


async def fetch(
    sender: Wire, source: Source, home: Origin, realm: Realm, service: str, scope: str, now: datetime
) -> Token:
    """Exchange the credential for a token, or ask anonymously where the realm is not trusted. Raises RegistryError."""
    to = peer.of("tokens", realm.url.origin, home)
    if realm.trusted and source.username == IDENTITY:
        request = _refresh(source, home, realm.url, service, scope)
        response = await _once_redirected(sender, to, request)
        if response.status not in _NO_POST:
            return read(response, now)
    credential = auth.basic(source) if realm.trusted else None
    url = query(realm.url, service, scope)
    request = wire.request(source, home, url, "GET", ("application/json",), MAX_ANSWER, credential, cut=True)
    return read(await _once_redirected(sender, to, request), now)


async def _once_redirected(sender: Wire, to: Peer, request: Request) -> Response:
    """One exchange; a redirect is followed once, and only within the origin."""
    response = await sender.send(request, to)
    if response.status not in wire.REDIRECTS:
        return response
    hop = auth.redirect(origin.parse(request.url), response.header("location"))
    if hop is None or not hop.same_origin:
        detail = Text("令牌服务重定向到其他地址", "the token service redirects elsewhere")
        raise errors.error(Reason.RedirectRefused, detail)
    return await sender.send(replace(request, url=str(hop.url)), to)


def _refresh(source: Source, home: Origin, url: URL, service: str, scope: str) -> Request:
    """The OAuth 2 form (distribution docs/content/spec/auth/oauth.md): an identity token goes in the body."""
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": source.password.reveal(),
        "service": service,
        "client_id": CLIENT,
        "scope": scope,
    }
    plain = wire.request(source, home, url, "GET", ("application/json",), MAX_ANSWER, cut=True)
    headers = (*plain.headers, ("Content-Type", "application/x-www-form-urlencoded"))
    body = urlencode([(key, value) for key, value in fields.items() if value]).encode()
    return replace(plain, method="POST", headers=headers, body=body)


def query(realm: URL, service: str, scope: str) -> URL:
    """The realm with service and scope added to a query it may already have."""
    asked = urlencode([(key, value) for key, value in (("service", service), ("scope", scope)) if value])
    if not asked:
        return realm
    return URL(realm.origin, f"{realm.target}{'&' if '?' in realm.target else '?'}{asked}")


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
