"""From a bearer token or a client certificate to an Actor, and the throttle on addresses that keep failing."""

import re
from collections import OrderedDict, deque
from collections.abc import Awaitable
from typing import Final

from imageyard.domain import peers
from imageyard.domain.access import Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import TooManyRequests, Unauthorized
from imageyard.domain.text import Text
from imageyard.service import jws
from imageyard.service.callers import Callers
from imageyard.web.exchange import Exchange

_BEARER: Final = re.compile(rb"(?i:bearer) +([A-Za-z0-9._~+/=-]{1,%d})" % jws.LONGEST)
"""RFC 6750 section 2.1; tokens longer than any that could be somebody's are not looked at."""


class Throttle:
    """Failed authentications of the last minute by address, of IPv6 by its /64. Memory is bounded: the address that
    failed longest ago is forgotten first."""

    FAILURES: Final = 20
    WINDOW: Final = 60.0
    ADDRESSES: Final = 10_000

    def __init__(self) -> None:
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def failed(self, address: str, now: float) -> float | None:
        """Count a failure. Seconds to wait when there were too many, None when there were not."""
        who = peers.network(address)
        times = self._failures.setdefault(who, deque(maxlen=self.FAILURES))
        self._failures.move_to_end(who)
        while times and times[0] <= now - self.WINDOW:
            times.popleft()
        if len(times) == self.FAILURES:
            # Refused ones are not counted: who waits as told is let in again.
            return times[0] + self.WINDOW - now
        times.append(now)
        if len(self._failures) > self.ADDRESSES:
            self._failures.popitem(last=False)
        return None


class Authentication:
    """Recognises callers. A valid token is served whatever its address did before."""

    def __init__(self, callers: Callers, clock: Clock) -> None:
        self._callers = callers
        self._clock = clock
        self._throttle = Throttle()

    def recognise(self, asked: Exchange) -> Awaitable[None] | None:
        """Set the exchange's actor: at once, or when what is answered has been awaited. A token goes before a
        certificate. Raises Unauthorized; TooManyRequests for an address with more than 20 failures within a minute.
        A request that brings nothing guesses nothing and is not counted."""
        authorization = asked.headers.get(b"authorization")
        if authorization is None:
            asked.actor = self._certified(asked)
            return None
        return self.recognise_by(authorization, asked)

    def recognise_by(self, authorization: bytes, asked: Exchange) -> Awaitable[None] | None:
        """The same, by an Authorization header that did not come as one."""
        token = _BEARER.fullmatch(authorization.strip())
        found = self._callers.recognise(token[1].decode("ascii"), asked.address) if token else None
        if found is None or isinstance(found, Actor):
            asked.actor = self._known(found, asked.address)
            return None
        return self._recognise_later(asked, found)

    def recognise_session(self, token: str, asked: Exchange) -> None:
        """The same, by the cookie of a browser's session."""
        asked.actor = self._known(self._callers.recognise_session(token, asked.address), asked.address)

    async def _recognise_later(self, asked: Exchange, found: Awaitable[Actor | None]) -> None:
        asked.actor = self._known(await found, asked.address)

    def _certified(self, asked: Exchange) -> Actor:
        if not asked.certificate:
            raise Unauthorized(
                Text(
                    "需要访问令牌：请在请求头中加入 Authorization: Bearer <token>",
                    "a token is needed: send the header Authorization: Bearer <token>",
                )
            )
        return self._known(self._callers.recognise_certificate(asked.certificate, asked.address), asked.address)

    def _known(self, actor: Actor | None, address: str) -> Actor:
        """The actor; a failure of that address if there is none."""
        if actor is not None:
            return actor
        wait = self._throttle.failed(address, self._clock.monotonic())
        if wait is not None:
            raise TooManyRequests(
                Text("认证失败次数过多，请稍后再试", "too many failed authentications; try again later"), int(wait) + 1
            )
        raise Unauthorized(Text("访问令牌无效、已过期或已撤销", "the token is unknown, expired or revoked"))
