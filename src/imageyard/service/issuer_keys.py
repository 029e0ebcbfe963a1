"""The keys of an OIDC issuer: asked for through the gate, kept, and asked for again.

Source: OpenID Connect Discovery 1.0 section 4; an issuer rotates its keys by showing the new one before it signs by it.
"""

import asyncio
from typing import Final
from urllib.parse import urlsplit

import structlog

from imageyard.domain.claims import Refusal, Refused
from imageyard.domain.clock import Clock
from imageyard.egress import EgressError, Gate, Request, TLSOptions
from imageyard.metrics import Metrics
from imageyard.registry import strictjson
from imageyard.service import jws
from imageyard.service.jws import Keys

INTERVAL: Final = 600.0
"""Seconds between two looks: so long does a key count that the issuer has taken back."""
RETRIES: Final = (15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds after the first, second … failure in a row; the last one from there on."""
AGAIN: Final = 10.0
"""Seconds between two looks for the sake of a key nobody knows: a flood of invented ones is no flood of requests."""
OLDEST: Final = 86_400.0
"""Seconds for which keys count although the issuer does not answer."""
_DOCUMENT: Final = 262_144
"""Bytes of either document."""
_SECONDS: Final = 10.0
"""For either: callers wait meanwhile."""
WELL_KNOWN: Final = "/.well-known/openid-configuration"

log = structlog.get_logger()


class NoKeys(Exception):
    """The issuer was asked in vain. `result` is one of unreachable, status, document, issuer, address, keys; `detail`
    says more and holds nothing of an answer's body."""

    def __init__(self, result: str, detail: str) -> None:
        super().__init__(f"{result}: {detail}")
        self.result = result
        self.detail = detail


class IssuerKeys:
    """`run` keeps them fresh. `version` moves when other keys came."""

    def __init__(self, issuer: str, gate: Gate, clock: Clock, metrics: Metrics, *, ca: str = "") -> None:
        self._issuer = issuer
        self._gate = gate
        self._clock = clock
        self._metrics = metrics
        self._tls = TLSOptions(ca_bundle=ca)
        self._keys = Keys()
        self._since: float | None = None
        """When the issuer last showed them."""
        self._asked: float | None = None
        self._failures = 0
        self._looking: asyncio.Task[None] | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self.version = 0

    async def run(self) -> None:
        """Look at the keys now and then. Never ends by itself."""
        async with asyncio.TaskGroup() as self._tasks:
            while True:
                await self._look()
                await self._clock.sleep(self._pause())

    @property
    def count(self) -> bool:
        """Whether there are keys, and not from too long ago."""
        return self._since is not None and self._clock.monotonic() - self._since <= OLDEST

    def current(self) -> Keys:
        """Raises Refused when there are none that count."""
        if not self.count:
            raise Refused(Refusal.NO_KEYS)
        return self._keys

    def may_renew(self) -> bool:
        """Whether `renewed` can make a difference: a look is under way, or one may begin."""
        waited = self._asked is None or self._clock.monotonic() - self._asked >= AGAIN
        return self._looking is not None or (self._tasks is not None and waited)

    async def renewed(self) -> None:
        """Wait for the look that is under way, else for a new one. At once when `may_renew` does not hold."""
        if self.may_renew():
            await self._look()

    async def _look(self) -> None:
        """One look at a time; who comes while it lasts shares it, and may leave without ending it."""
        assert self._tasks is not None  # noqa: S101 - `run` and `may_renew` see to it
        if self._looking is None:
            self._looking = self._tasks.create_task(self._refresh(), name="oidc-keys")
        await asyncio.wait({self._looking})

    def _pause(self) -> float:
        return RETRIES[min(self._failures, len(RETRIES)) - 1] if self._failures else INTERVAL

    async def _refresh(self) -> None:
        self._asked = self._clock.monotonic()
        try:
            keys = await self._fetch()
        except NoKeys as failure:
            self._failures += 1
            self._metrics.oidc_refreshes.labels(failure.result).inc()
            log.warning("oidc_keys_unavailable", issuer=self._issuer, result=failure.result, detail=failure.detail)
        else:
            self._take(keys)
        finally:
            self._looking = None

    def _take(self, keys: Keys) -> None:
        if keys != self._keys or self._since is None:
            self._keys, self.version = keys, self.version + 1
            self._tell(keys)
        self._failures, self._since = 0, self._clock.monotonic()
        self._metrics.oidc_refreshes.labels("success" if keys else "empty").inc()
        self._metrics.oidc_last_success.set(self._clock.now().timestamp())

    def _tell(self, keys: Keys) -> None:
        if keys:
            log.info("oidc_keys_changed", issuer=self._issuer, key_ids=[key.id for key in keys])
        else:
            log.warning(
                "oidc_keys_none", issuer=self._issuer, remedy="let the issuer show a key that checks signatures"
            )

    async def _fetch(self) -> Keys:
        """Raises NoKeys."""
        found = _discovery(await self._get(self._issuer.rstrip("/") + WELL_KNOWN))
        if found.get("issuer") != self._issuer:
            raise NoKeys("issuer", "the document is another issuer's: oidc_issuer must be what it says, to the letter")
        where = found.get("jwks_uri")
        if not isinstance(where, str) or not _as_safe(where, self._issuer):
            raise NoKeys("address", "jwks_uri is no https address")
        try:
            return jws.read_keys(await self._get(where))
        except jws.BadKeys as bad:
            raise NoKeys("keys", str(bad)) from None

    async def _get(self, url: str) -> bytes:
        """No redirect is followed: where the keys are is what the issuer says, and it can say so."""
        headers = (("Accept", "application/json"),)
        request = Request("GET", url, headers=headers, limit=_DOCUMENT, tls=self._tls, timeout=_SECONDS)
        try:
            answer = await self._gate.send(request)
        except EgressError as failure:
            hint = f" ({failure.hint})" if failure.hint else ""
            raise NoKeys("unreachable", f"{failure.reason}{hint}") from None
        if answer.status != 200:
            raise NoKeys("status", str(answer.status))
        return answer.body


def _discovery(body: bytes) -> dict[str, object]:
    try:
        document = strictjson.read(body)
    except strictjson.BadJSON:
        document = None
    if not isinstance(document, dict):
        raise NoKeys("document", "no JSON object")
    return document


def _as_safe(url: str, issuer: str) -> bool:
    """Keys come by https; by plain http only from the very host whose issuer is http too (which loopback alone is)."""
    try:
        asked, own = urlsplit(url), urlsplit(issuer)
    except ValueError:
        return False
    return asked.scheme == "https" or (asked.scheme == own.scheme == "http" and asked.hostname == own.hostname)
