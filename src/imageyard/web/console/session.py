"""Sessions: a token shown once at sign-in becomes a cookie that holds another token, which ends with the first.

Sessions are access tokens, so they are stored hashed, survive a restart and are revoked like any other. The cookie
counts at the console's door alone; scripts cannot read it and other sites cannot send it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid4

from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import NotFound, Unauthorized
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.service.callers import Callers
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
    """`announce` puts on record what is about to be done, where that has to come first."""

    def __init__(
        self,
        authentication: Authentication,
        callers: Callers,
        clock: Clock,
        announce: Callable[[Exchange], Awaitable[None]],
    ) -> None:
        self._announce = announce
        self._authentication = authentication
        self._callers = callers
        self._clock = clock

    def recognise(self, asked: Exchange) -> Awaitable[None] | None:
        """Set who asks: by the Authorization header or the certificate where there is one, else by the cookie.
        Raises Unauthorized, TooManyRequests."""
        if b"authorization" in asked.headers:
            return self._authentication.recognise(asked)
        held = token_of(asked)
        if held is not None:
            self._authentication.recognise_session(held.reveal(), asked)
            return None
        if asked.certificate:
            return self._authentication.recognise(asked)
        raise Unauthorized(_NONE)

    async def begin(self, token: Secret, asked: Exchange) -> Begun:
        """A session for who shows this token, who is then the actor. Raises Unauthorized, TooManyRequests,
        Unavailable."""
        shown = token.reveal().strip()
        waiting = self._authentication.recognise_by(b"Bearer " + shown.encode(errors="replace"), asked)
        if waiting is not None:
            await waiting
        await self._announce(asked)
        actor, now = asked.actor, self._clock.now()
        held = self._callers.tokens.shown_by(actor)
        until = self._callers.until(shown)
        lasts = LONGEST if until is None else min(LONGEST, until - now)
        parent = "" if held is None else held.metadata.uid
        groups = sorted(actor.groups - {AUTHENTICATED})
        asked.name = f"{NAME}{uuid4().hex}"
        session = await self._callers.tokens.begin_session(asked.name, actor.user, groups, lasts, parent=parent)
        return Begun(session, lasts, actor)

    async def end(self, asked: Exchange) -> None:
        """Revoke the session by which the caller is known; who is known otherwise has none."""
        session = self._callers.tokens.shown_by(asked.actor)
        if session is None or session.spec.type != "session":
            return
        asked.name = session.metadata.name
        with suppress(NotFound):
            await self._callers.tokens.revoke(asked.name)


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
