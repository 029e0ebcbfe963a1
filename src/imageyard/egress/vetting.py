"""Resolve and judge in one step: no address leaves here unjudged, and none is asked for a second time to be dialled.

A name is refused when any of its addresses is: a name that answers both a public and an internal address is an
attack or a mistake, and which of the two would be dialled is chance.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

import structlog
from aiohttp.abc import AbstractResolver, ResolveResult

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError
from imageyard.egress import address as addresses
from imageyard.egress import proxy as proxies
from imageyard.egress.address import Verdict
from imageyard.egress.listeners import IPAddress
from imageyard.egress.policy import Policy
from imageyard.egress.resolver import Resolver
from imageyard.egress.target import Origin

_TTL: Final = 30.0
"""Seconds an answer is kept, as names of registries move seldom and a poll comes often."""

_NAMES: Final = 1_024
_UNJUDGED: Final = -1

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Answer:
    addresses: tuple[IPAddress, ...]
    expires: float
    revision: int = _UNJUDGED


class Vetting(AbstractResolver):
    """The one resolver of the gate. aiohttp asks it for what it dials; the client asks it before every request, so
    that a pooled connection is judged again too."""

    def __init__(
        self, policy: Policy, resolve: Resolver, within: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._policy = policy
        self._resolve = resolve
        self._within = within
        self._clock = clock
        self._answers: dict[tuple[str, int], _Answer] = {}
        self._lookups: dict[tuple[str, int], asyncio.Task[_Answer]] = {}

    async def vet(
        self, host: str, port: int, literal: IPAddress | None = None, within: float = inf
    ) -> tuple[IPAddress, ...]:
        """The addresses of `host`, all of them allowed at `port`; `within` bounds the seconds of a lookup.
        Raises EgressError (DNSFailed, EgressDenied)."""
        answer = self._answers.get((host, port))
        if answer is None or answer.expires <= self._clock():
            answer = self._keep(host, port, (literal,)) if literal else await self._look_up(host, port, within)
        if answer.revision != self._policy.own_listeners.revision:
            if not all(self.allows(host, address, port) for address in answer.addresses):
                raise EgressError(Reason.EgressDenied, "address")
            answer.revision = self._policy.own_listeners.revision
        return answer.addresses

    async def consider(self, host: str, port: int, literal: IPAddress | None) -> Sequence[tuple[IPAddress, Verdict]]:
        """Each address of `host` with what would be decided about it, for who asks why. Nothing is dialled.
        Raises EgressError (DNSFailed)."""
        answer = self._keep(host, port, (literal,)) if literal else await self._look_up(host, port, inf)
        return [(address, addresses.judge(address, port, self._policy)) for address in answer.addresses]

    def vet_unresolved(self, origin: Origin) -> None:
        """Judge what a proxy is asked to resolve and dial. Raises EgressError (EgressDenied)."""
        if origin.address is not None:
            allowed = self.allows(origin.host, origin.address, origin.port)
        else:
            refused = proxies.refusal(origin, self._policy)
            allowed = refused is None
            if refused is not None:
                log.warning("egress_denied", host=origin.host, port=origin.port, kind=refused.value, setting="none")
        if not allowed:
            raise EgressError(Reason.EgressDenied, "address")

    def allows(self, host: str, address: IPAddress, port: int) -> bool:
        """Judge one address of `host`. Why it was refused is for the operator's log; the user hears one text."""
        verdict = addresses.judge(address, port, self._policy)
        if not verdict.allowed:
            log.warning(
                "egress_denied",
                host=host,
                port=port,
                address=str(address),
                kind=verdict.kind.value,
                setting=verdict.setting or "none",
            )
        return verdict.allowed

    async def _look_up(self, host: str, port: int, within: float) -> _Answer:
        """One lookup at a time for a name; a caller that gives up does not take it from the others."""
        lookup = self._lookups.get((host, port))
        if lookup is None:
            lookup = asyncio.create_task(self._ask(host, port), name=f"resolve {host}")
            self._lookups[host, port] = lookup
            lookup.add_done_callback(lambda done: self._settle((host, port), done))
        try:
            async with asyncio.timeout(min(self._within, within)):
                return await asyncio.shield(lookup)
        except TimeoutError:
            raise EgressError(Reason.DNSFailed, "address") from None

    def _settle(self, key: tuple[str, int], lookup: asyncio.Task[_Answer]) -> None:
        del self._lookups[key]
        if not lookup.cancelled():
            lookup.exception()  # seen, also when every caller gave up

    async def _ask(self, host: str, port: int) -> _Answer:
        try:
            found = tuple(ipaddress.ip_address(text) for text in await self._resolve(host))
        except (OSError, ValueError):  # ValueError: a label over 63 characters never reaches the name server
            found = ()
        if not found:
            raise EgressError(Reason.DNSFailed, "address")
        return self._keep(host, port, found)

    def _keep(self, host: str, port: int, found: tuple[IPAddress, ...]) -> _Answer:
        self._answers.pop((host, port), None)
        if len(self._answers) >= _NAMES:
            del self._answers[next(iter(self._answers))]
        answer = self._answers[host, port] = _Answer(found, self._clock() + _TTL)
        return answer

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """What aiohttp dials for a name."""
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self.vet(host.lower(), port)
        ]

    async def close(self) -> None:
        """End the lookups under way."""
        lookups = list(self._lookups.values())
        for lookup in lookups:
            lookup.cancel()
        await asyncio.gather(*lookups, return_exceptions=True)
