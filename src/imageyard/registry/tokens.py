"""Tokens held for a while, in memory only: keyed so that no two credentials or registries ever share one, fetched
once however many wait, bounded. Of failures only one is remembered: a login that was refused is not tried again for a
minute, since registries lock accounts and addresses for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from imageyard.domain.secret import Secret
from imageyard.registry import RegistryError
from imageyard.registry.origin import Origin

MAX_TOKENS: Final = 1024
MARGIN: Final = 10.0
"""Seconds a token is given up before it ends, so that it does not end on its way."""
MIN_LIFETIME: Final = 60.0
"""The token protocol forbids shorter ones, and it is the lifetime of a token that names none."""
MAX_LIFETIME: Final = 3600.0


REFUSED_FOR: Final = 60.0
"""Seconds for which a refused login for a scope is not repeated, whoever asks."""


class Key(NamedTuple):
    """Who asked (`credential` is its identity and version), for which registry, whom, for what."""

    credential: str
    origin: Origin
    realm: str
    service: str
    scope: str
    signed: bool
    """Whether the credential was shown for it, or the exchange was anonymous."""


class Token(NamedTuple):
    """A token as a service answered it; `lifetime` in seconds from the moment it was asked for."""

    value: Secret
    lifetime: float


class _Held(NamedTuple):
    value: Secret
    until: float


class _Refused(NamedTuple):
    error: RegistryError
    until: float


Fetch = Callable[[], Awaitable[Token]]
_Flight = asyncio.Future[Secret | RegistryError | None]


class Tokens:
    """The cache. `monotonic` is the clock that lifetimes are measured by."""

    def __init__(self, monotonic: Callable[[], float], limit: int = MAX_TOKENS) -> None:
        self._monotonic = monotonic
        self._limit = limit
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self._refused: OrderedDict[Key, _Refused] = OrderedDict()
        self._flights: dict[Key, _Flight] = {}

    def __len__(self) -> int:
        return len(self._held)

    def held(self, key: Key) -> Secret | None:
        """A token that is still good."""
        found = self._held.get(key)
        if found is None:
            return None
        if found.until <= self._monotonic():
            del self._held[key]
            return None
        self._held.move_to_end(key)
        return found.value

    async def get(self, key: Key, fetch: Fetch) -> Secret:
        """The held token, or a fetched one. Concurrent callers share one fetch and its failure; when the caller that
        fetches is cancelled, another one takes over. Raises RegistryError."""
        while True:
            found = self.held(key)
            if found is not None:
                return found
            refused = self._refused.get(key)
            if refused is not None and self._monotonic() < refused.until:
                raise refused.error.bare()
            flight = self._flights.get(key)
            if flight is None:
                return await self._fetch(key, fetch)
            outcome = await asyncio.shield(flight)
            if isinstance(outcome, RegistryError):
                raise outcome.bare()
            if outcome is not None:
                return outcome

    async def _fetch(self, key: Key, fetch: Fetch) -> Secret:
        flight: _Flight = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        outcome: Secret | RegistryError | None = None
        try:
            began = self._monotonic()
            token = await fetch()
            outcome = token.value
            # Whoever was forgotten while the fetch was under way is not remembered again.
            if self._flights.get(key) is flight:
                self._keep(key, _Held(token.value, began + _useful(token.lifetime)))
        except RegistryError as error:
            outcome = error.bare()
            if key.signed and error.unauthorized and self._flights.get(key) is flight:
                self._refuse(key, outcome)
            raise
        finally:
            if self._flights.get(key) is flight:
                del self._flights[key]
            flight.set_result(outcome)
        return token.value

    def drop(self, key: Key, value: Secret) -> None:
        """Give up a token that was refused, unless a newer one took its place."""
        found = self._held.get(key)
        if found is not None and found.value == value:
            del self._held[key]

    def forget(self, credential: str) -> None:
        """Give up every token of a credential, those on their way included."""
        for key in [key for key in self._held if key.credential == credential]:
            del self._held[key]
        for key in [key for key in self._refused if key.credential == credential]:
            del self._refused[key]
        for key in [key for key in self._flights if key.credential == credential]:
            del self._flights[key]

    def _refuse(self, key: Key, error: RegistryError) -> None:
        self._refused[key] = _Refused(error, self._monotonic() + REFUSED_FOR)
        self._refused.move_to_end(key)
        while len(self._refused) > self._limit:
            self._refused.popitem(last=False)

    def _keep(self, key: Key, held: _Held) -> None:
        self._held[key] = held
        self._held.move_to_end(key)
        while len(self._held) > self._limit:
            self._held.popitem(last=False)


def _useful(lifetime: float) -> float:
    return min(max(lifetime, MIN_LIFETIME), MAX_LIFETIME) - MARGIN
