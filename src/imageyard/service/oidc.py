"""Callers that an OIDC issuer vouches for: its tokens checked by its keys, and remembered until they end."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Final

import structlog

from imageyard.domain import claims
from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.claims import Bearer, Refusal, Refused, Rules
from imageyard.domain.clock import Clock
from imageyard.metrics import Metrics
from imageyard.service import jws
from imageyard.service.issuer_keys import IssuerKeys

REMEMBERED: Final = 4_096
"""Tokens; the one not seen for longest is forgotten first, and checked again when it comes back."""
_MENDABLE: Final = frozenset({Refusal.KEY, Refusal.NO_KEYS})
"""By a look at the issuer's keys."""

log = structlog.get_logger()


class Oidc:
    """Recognises tokens of one issuer. `keys.run` has to run beside it."""

    def __init__(
        self, rules: Rules, algorithms: frozenset[str], keys: IssuerKeys, clock: Clock, metrics: Metrics
    ) -> None:
        self._rules = rules
        self._algorithms = algorithms
        self.keys = keys
        self._clock = clock
        self._metrics = metrics
        self._accepted: OrderedDict[bytes, Bearer] = OrderedDict()
        self._version = keys.version

    def recognise(self, token: str, address: str) -> Actor | Awaitable[Actor | None] | None:
        """Who holds this token, None for nobody; to be awaited where the issuer's keys have to be asked for first."""
        digest = _digest(token)
        try:
            return _actor(self._remembered(digest) or self._check(token, digest), address)
        except Refused as refused:
            if refused.refusal in _MENDABLE and self.keys.may_renew():
                return self._recognise_later(token, digest, address)
            self._note(refused.refusal, address)
            return None

    def until(self, token: str) -> datetime | None:
        """When this token ends, which was recognised before; None for one that was not."""
        bearer = self._accepted.get(_digest(token))
        return None if bearer is None else datetime.fromtimestamp(bearer.until, UTC)

    async def _recognise_later(self, token: str, digest: bytes, address: str) -> Actor | None:
        await self.keys.renewed()
        try:
            return _actor(self._check(token, digest), address)
        except Refused as refused:
            self._note(refused.refusal, address)
            return None

    def _remembered(self, digest: bytes) -> Bearer | None:
        """What was found out before, under the same keys, and still holds."""
        if self._version != self.keys.version:
            self._accepted.clear()
            self._version = self.keys.version
        bearer = self._accepted.get(digest)
        if bearer is None or not self.keys.count:
            return None
        if self._clock.now().timestamp() >= bearer.until:
            del self._accepted[digest]
            return None
        self._accepted.move_to_end(digest)
        return bearer

    def _check(self, token: str, digest: bytes) -> Bearer:
        """Raises Refused."""
        signed = jws.read(token, self._algorithms)
        # Before the keys are looked for, so that tokens of others make no work for the issuer.
        claims.demand_issuer(signed.claims, self._rules)
        self.keys.current().check(signed)
        bearer = claims.bearer(signed.claims, self._rules, self._clock.now().timestamp())
        bearer = bearer._replace(groups=bearer.groups | {AUTHENTICATED})
        self._accepted[digest] = bearer
        if len(self._accepted) > REMEMBERED:
            self._accepted.popitem(last=False)
        self._metrics.oidc_tokens.labels("accepted").inc()
        return bearer

    def _note(self, refusal: Refusal, address: str) -> None:
        self._metrics.oidc_tokens.labels(refusal).inc()
        log.info("oidc_token_refused", refusal=refusal, address=address)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="replace")).digest()


def _actor(bearer: Bearer, address: str) -> Actor:
    return Actor(bearer.user, bearer.groups, address, f"oidc/{bearer.id}")
