"""The registry client: HEAD a tag, read what its digest holds, test a source. A thin shell: what an answer means is
decided by the pure modules beside it.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from imageyard.domain import reference
from imageyard.domain.clock import Clock
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import InvalidReference
from imageyard.egress import Gate
from imageyard.registry import (
    Head,
    Inspection,
    Lookup,
    Probe,
    RegistryError,
    Source,
    Told,
    errors,
    heads,
    inspection,
    manifest,
    origin,
    probe,
    providers,
    ratelimit,
    reading,
    untold,
)
from imageyard.registry.origin import Origin
from imageyard.registry.signin import SignIn
from imageyard.registry.wire import Ask, Wire

HEAD_PAUSE: Final = 3600.0
"""Seconds for which a registry whose HEAD is of no use is asked by GET at once."""
MAX_PAUSED: Final = 1024


class RegistryClient:
    """Implements `Registry`. `observe` is told the status code of every answer, or the reason why there was none."""

    def __init__(self, gate: Gate, clock: Clock, observe: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._wire = Wire(gate, observe)
        self._signin = SignIn(self._wire, clock)
        self._headless: OrderedDict[Origin, float] = OrderedDict()

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        home, path = _place(source, repository, tag)
        if not self._without_head(home):
            landed = await self._signin.ask(source, _ask("HEAD", path, tag))
            found = heads.read(landed, self._clock.now())
            if isinstance(found, Head):
                return found
            answered = await self._get(source, path, tag)
            if found.unusable:
                self._skip_head(home)
            return answered
        return await self._get(source, path, tag)

    async def inspect(
        self, source: Source, repository: str, tag: str, head: Head, *, platform: str, lookup: Lookup
    ) -> Inspection:
        _, path = _place(source, repository, tag)
        try:
            wanted = reference.parse_platform(platform) if platform else None
        except InvalidReference as wrong:
            raise RegistryError(Reason.InvalidSpec, wrong.text) from None
        reader = reading.Reading(self._signin, self._clock, source, path, lookup)
        return await inspection.inspect(reader, head, tag, wanted)

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        return await probe.run(self._wire, self._clock, source, told)

    def scope(self, source: Source, repository: str) -> str:
        home = origin.of(source)
        return f"{home}/{providers.asked(home, repository)}"

    def host(self, source: Source) -> str:
        home = origin.of(source)
        return f"{home.host}:{home.port}"

    def forget(self, credential: str) -> None:
        self._signin.forget(credential)

    async def _get(self, source: Source, path: str, tag: str) -> Head:
        landed = await self._signin.ask(source, _ask("GET", path, tag))
        if landed.response.status != 200:
            raise errors.of_status(landed.response, self._clock.now())
        parsed = manifest.parse(landed.response.body, errors.media_type(landed.response))
        digest = manifest.digest_of(landed.response.body)
        return Head(digest, parsed.media_type, ratelimit.quota(landed.response))

    def _without_head(self, home: Origin) -> bool:
        return self._headless.get(home, 0.0) > self._clock.monotonic()

    def _skip_head(self, home: Origin) -> None:
        self._headless[home] = self._clock.monotonic() + HEAD_PAUSE
        while len(self._headless) > MAX_PAUSED:
            self._headless.popitem(last=False)


def _place(source: Source, repository: str, tag: str) -> tuple[Origin, str]:
    """The origin and the path as asked; checked again here, where they become a URL."""
    try:
        home = origin.of(source)
        reference.parse_tag(tag)
        return home, providers.asked(home, reference.parse_repository(repository))
    except InvalidReference as wrong:
        raise RegistryError(Reason.InvalidSpec, wrong.text) from None


def _ask(method: reading.Method, path: str, what: str) -> Ask:
    return reading.manifest_ask(method, path, what)
