"""Sessions: a token shown once at sign-in becomes a cookie that holds another token, which ends with the first.

Sessions are access tokens, so they are stored hashed, survive a restart and are revoked like any other. The cookie
counts at the console's door alone; scripts cannot read it and other sites cannot send it.
"""

from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid4

from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import NotFound, Unauthorized
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.service.tokens import Tokens
from imageyard.web.actor import Authentication
from imageyard.web.console import cookies
from imageyard.web.exchange import Exchange

COOKIE: Final = "imageyard_session"
LONGEST: Final = timedelta(hours=12)
NAME: Final = "session-"
"""What the names of session tokens begin with."""
_NONE: Final = Text("请先登录", "sign in first")


class Begun(NamedTuple):
    """A session that was opened just now: its token, how long it lasts, whose it is."""

    token: Secret
    lasts: timedelta
    actor: Actor


class Sessions:
    def __init__(self, authentication: Authentication, tokens: Tokens, clock: Clock) -> None:
        self._authentication = authentication
        self._tokens = tokens
        self._clock = clock

    def recognise(self, exchange: Exchange) -> Actor:
        """Who asks: by the Authorization header where there is one, else by the cookie.
        Raises Unauthorized, TooManyRequests."""
        header = exchange.headers.get(b"authorization")
        if header is None:
            held = token_of(exchange)
            if held is None:
                raise Unauthorized(_NONE)
            header = b"Bearer " + held.reveal().encode("latin-1")
        return self._authentication.recognise(header, exchange.address)

    async def begin(self, token: Secret, address: str) -> Begun:
        """A session for who shows this token. Raises Unauthorized, TooManyRequests."""
        shown = token.reveal().strip().encode(errors="replace")
        actor = self._authentication.recognise(b"Bearer " + shown, address)
        held = self._tokens.named(actor.credential)
        lasts = LONGEST
        if held is not None and held.spec.expires is not None:
            lasts = min(LONGEST, held.spec.expires - self._clock.now())
        parent = "" if held is None else held.spec.parent or held.metadata.uid
        groups = sorted(actor.groups - {AUTHENTICATED})
        session = await self._tokens.create(f"{NAME}{uuid4().hex}", actor.user, groups, lasts, parent=parent)
        return Begun(session, lasts, actor)

    async def end(self, exchange: Exchange) -> None:
        """Revoke the session whose cookie this is; a cookie that is none's is left to the browser to forget."""
        held = token_of(exchange)
        actor = self._tokens.recognise(held.reveal(), exchange.address) if held else None
        if actor is not None and actor.credential.startswith(NAME):
            try:
                await self._tokens.revoke(actor.credential)
            except NotFound:
                return


def token_of(exchange: Exchange) -> Secret | None:
    """The session's token in the cookie."""
    sent = cookies.read(exchange.header(b"cookie"))
    value = sent.get(cookies.PREFIX + COOKIE) or sent.get(COOKIE)
    return Secret(value) if value else None


def kept(begun: Begun, *, secure: bool) -> tuple[bytes, bytes]:
    """The header that gives a browser its session."""
    return cookies.write(_name(secure), begun.token.reveal(), begun.lasts, secure=secure)


def forgotten(*, secure: bool) -> tuple[bytes, bytes]:
    """The header that takes it away."""
    return cookies.write(_name(secure), "", timedelta(0), secure=secure)


def _name(secure: bool) -> str:
    """A `__Host-` cookie can be set by this very host over HTTPS alone."""
    return cookies.PREFIX + COOKIE if secure else COOKIE
