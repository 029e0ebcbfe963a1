"""Who may see a credential: pure rules about realms, redirects and what to answer to a 401.

A registry chooses the realm and the redirect, so both are hostile input. Exact hosts only; no registrable-domain rule.
"""

import base64
from typing import Final, Literal, NamedTuple

from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.registry import Source, errors, origin, providers
from imageyard.registry.challenge import Challenge
from imageyard.registry.origin import URL, Origin

MAX_REDIRECTS: Final = 3
MAX_EXCHANGES: Final = 2
"""Token exchanges for one request: the second only for a scope or token that the registry names as wrong."""


class Realm(NamedTuple):
    """A token service and whether this source's credential may be shown there."""

    url: URL
    trusted: bool


def realm(text: str, registry: Origin, trusted_hosts: tuple[str, ...]) -> Realm | None:
    """Judge a realm. None for what is no URL we would call at all (userinfo, fragment, odd characters)."""
    try:
        url = origin.parse(text)
    except origin.BadURL:
        return None
    return Realm(url, _trusted(url.origin, registry, trusted_hosts))


def _trusted(realm_origin: Origin, registry: Origin, trusted_hosts: tuple[str, ...]) -> bool:
    if realm_origin.scheme == "http":
        # A registry that is configured as plain HTTP has shown the credential on this very wire already.
        return realm_origin == registry
    if realm_origin.host == registry.host:
        return True
    if realm_origin.port == 443 and realm_origin.host in providers.realms(registry):
        return True
    listed = {host.strip().lower() for host in trusted_hosts}
    return f"{realm_origin.host}:{realm_origin.port}" in listed or (
        realm_origin.port == 443 and realm_origin.host in listed
    )


class Hop(NamedTuple):
    """Where a redirect leads, and whether Authorization may go along."""

    url: URL
    same_origin: bool


def redirect(current: URL, location: str) -> Hop | None:
    """Judge a redirect (RFC 9110 15.4). None when it is refused: no URL, or from HTTPS down to HTTP."""
    try:
        target = origin.resolve(current, location)
    except origin.BadURL:
        return None
    if current.origin.scheme == "https" and target.origin.scheme == "http":
        return None
    return Hop(target, target.origin == current.origin)


def basic(source: Source) -> Secret | None:
    """The Basic credentials of a source (RFC 7617, UTF-8); None when it is anonymous. Raises RegistryError
    (InvalidSpec) for what a header cannot carry."""
    if anonymous(source):
        return None
    if not _sendable(source):
        detail = Text("用户名或密码含有无法发送的字符", "user name or password hold characters that cannot be sent")
        raise errors.error(Reason.InvalidSpec, detail)
    pair = f"{source.username}:{source.password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode('ascii')}")


def anonymous(source: Source) -> bool:
    return not source.username and not source.password


def _sendable(source: Source) -> bool:
    """RFC 7617: no colon in the user name, no control characters."""
    return ":" not in source.username and not any(
        ord(char) < 32 or ord(char) == 127 for char in source.username + source.password.reveal()
    )


class Bearer(NamedTuple):
    """A token service as a registry names it."""

    realm: str
    service: str


Scheme = Bearer | Literal["basic"]
"""How a registry wants its callers to sign in."""

Sent = Literal["nothing", "basic", "cached", "fresh"]
"""What the refused request carried: no credential, Basic, a token from the cache, a token made for it just now."""


class UseBasic(NamedTuple):
    """Send the request again with Basic."""


class Exchange(NamedTuple):
    """Get a token and send the request again."""

    bearer: Bearer
    scope: str


class Learn(NamedTuple):
    """The 401 did not say how to sign in; `/v2/` may (some registries leave the challenge off elsewhere)."""


class Refused(NamedTuple):
    """The answer is final."""


Answer = UseBasic | Exchange | Learn | Refused


def answer(asked: Challenge | None, sent: Sent, known: Scheme | None, scope: str, tried: str, exchanges: int) -> Answer:
    """What to do about a 401 from the registry's own origin. `scope` is what the request needs, `tried` the scope
    of the token that was refused."""
    if exchanges >= MAX_EXCHANGES:
        return Refused()
    if sent == "fresh":
        return _after_fresh(asked, scope, tried)
    if asked is not None and asked.scheme == "bearer":
        return Exchange(_bearer(asked), scope)
    if sent == "cached" and isinstance(known, Bearer):
        # Harbor's challenge flips to Basic for any refused token: it may only have expired early.
        return Exchange(known, scope)
    if sent == "basic":
        return Refused()
    return Learn() if asked is None else UseBasic()


def _after_fresh(asked: Challenge | None, scope: str, tried: str) -> Answer:
    """A token made just now was refused. Basic would show the same password again (and Harbor flips to it)."""
    if asked is None or asked.scheme != "bearer":
        return Refused()
    bearer, error = _bearer(asked), asked.params.get("error", "")
    if error == "invalid_token":
        return Exchange(bearer, tried)
    wanted = pull_scope(asked.params.get("scope", ""))
    if wanted and wanted != tried and error in ("insufficient_scope", ""):
        return Exchange(bearer, wanted)
    return Refused()


def _bearer(asked: Challenge) -> Bearer:
    return Bearer(asked.params.get("realm", ""), asked.params.get("service", ""))


def pull_scope(text: str) -> str:
    """The first repository scope of a challenge, cut down to `pull`; "" when there is none. The name may hold one
    colon (`host:port/…`), so the type ends at the first and the actions begin at the last."""
    for entry in text.split(" "):
        kind, _, rest = entry.partition(":")
        name, colon, _ = rest.rpartition(":")
        if kind == "repository" and colon and name:
            return f"repository:{name}:pull"
    return ""
