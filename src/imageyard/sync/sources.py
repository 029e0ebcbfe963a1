"""What the engine knows of each RegistrySecret: its host, whether its credential holds, and what its `status` should
say of the host and of who uses it. Verifications of one source never run twice at once."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from imageyard.domain import conditions, objects
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import (
    VERIFIED,
    VERIFY_TIMESTAMP,
    HostStatus,
    RegistrySecret,
    verify_status,
)
from imageyard.domain.kinds.repository import RepositorySpec
from imageyard.domain.objects import AT_ONCE, Condition
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.registry import Probe, Quota, Registry, Source
from imageyard.store import Query, Store, readable
from imageyard.sync import plan
from imageyard.sync.hosts import Breaker, Hosts

log = structlog.get_logger()

REFUSED_FOR: Final = 180.0
"""Seconds during which a refused credential is not tested again for the sake of one image."""
FOUND_GOOD_FOR: Final = 15.0
"""The same of a good one: who has just changed it at the registry is to be told so, not that an image is missing."""
REFUSALS: Final = frozenset({Reason.Unauthorized, Reason.Forbidden, Reason.CredentialRefused})
SERIES: Final = 1000
"""Failing sources that are told to the metrics."""
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP: Final = re.compile(r"[0-9]{1,14}")
QUOTA_STEP: Final = 10
"""A quota is worth a write when it has moved by a tenth of its limit."""


class Verifying(Protocol):
    """What the engine needs of `service.verify.Verifier`."""

    async def stored(self, namespace: str, name: str) -> Probe | None: ...

    def let_go(self, namespace: str, name: str) -> None: ...


@dataclass(slots=True)
class Seen:
    """One source as last seen."""

    host: str
    domain: str
    users: frozenset[str]
    """Namespaces that may refer to it: its own, and those it lets in; `*` stands for all."""
    credential: tuple[int, datetime | None]
    """Generation and time of the password: when it moves, failing images deserve another try."""
    verified: str
    used_by: int
    shown: HostStatus | None
    unreached: bool = False
    """Whether its last test failed for a reason that passes, such as a host that was down."""
    failures: int = 0
    due: datetime | None = None
    """When it is to be tested next."""
    judged: Probe | None = None
    """The last test's answer when it said yes or no, and until when it is relied on."""
    judged_until: float = 0.0


class Moved(NamedTuple):
    """What a change of a source means to the images that refer to it."""

    healed: bool
    """Those that fail deserve another try."""
    lost: frozenset[str] = frozenset()
    """Namespaces that could refer to it until now; with `*` among them, all but those that still can."""


class Sources:
    def __init__(
        self,
        store: Store,
        verifier: Verifying,
        registry: Registry,
        clock: Clock,
        hosts: Hosts,
        written: Callable[[int], None],
    ) -> None:
        self._store = store
        self._verifier = verifier
        self._registry = registry
        self._clock = clock
        self._hosts = hosts
        self._written = written
        self._seen: dict[str, Seen] = {}
        self._by_host: dict[str, set[str]] = {}
        self._verifying: dict[str, asyncio.Future[Probe | None]] = {}

    def host_of(self, namespace: str, spec: RepositorySpec) -> str:
        """The host whose pace an image in `namespace` follows; "" when its source is not there. One that does not let
        the namespace in is not there either: how its host fares is nothing that namespace may learn."""
        seen = self._used(namespace, spec)
        return seen.host if seen else ""

    def domain_of(self, namespace: str, spec: RepositorySpec) -> str:
        """The domain an image in `namespace` is fetched from; "" when its reference may not be used."""
        seen = self._used(namespace, spec)
        return seen.domain if seen else ""

    def _used(self, namespace: str, spec: RepositorySpec) -> Seen | None:
        ref = f"{spec.registry_ref.namespace}/{spec.registry_ref.name}"
        return self._seen[ref] if self.permits(ref, namespace) else None

    def permits(self, ref: str, namespace: str) -> bool:
        """Whether images in `namespace` may use the source `namespace/name`, as far as is known here."""
        seen = self._seen.get(ref)
        return seen is not None and not seen.users.isdisjoint((namespace, "*"))

    def host(self, namespace: str, name: str) -> str:
        seen = self._seen.get(f"{namespace}/{name}")
        return seen.host if seen else ""

    def due(self, namespace: str, name: str) -> datetime | None:
        """When a source is to be tested next, as far as is known here."""
        seen = self._seen.get(f"{namespace}/{name}")
        return seen.due if seen else None

    def on(self, host: str) -> list[str]:
        """`namespace/name` of the sources at a host, in order."""
        return sorted(self._by_host.get(host, ()))

    def unreached(self, host: str) -> list[str]:
        """Sources at a host whose last test did not reach it. Refused credentials are not among them."""
        return [ref for ref in self.on(host) if self._seen[ref].unreached]

    def failing(self) -> list[tuple[str, str, int]]:
        """(name, namespace, failed verifications in a row)."""
        failing = [(ref.split("/", 1), seen.failures) for ref, seen in self._seen.items() if seen.failures]
        return [(name, namespace, failures) for (namespace, name), failures in failing[:SERIES]]

    def note(self, source: RegistrySecret) -> Moved:
        """Take in what a source is now."""
        ref = f"{source.metadata.namespace}/{source.metadata.name}"
        old, new = self._seen.get(ref), self._read(source)
        self._seen[ref] = new
        if old is None or old.host != new.host:
            self._leave(ref, old)
            self._by_host.setdefault(new.host, set()).add(ref)
        if old is None:
            return Moved(healed=True)
        same = old.credential == new.credential
        if same and old.judged is not None and old.judged.success == (new.verified == "success"):
            new.judged, new.judged_until = old.judged, old.judged_until
        lost = frozenset() if "*" in new.users else old.users - new.users
        return Moved(not same or (new.verified == "success" and old.verified != "success"), lost)

    def forget(self, namespace: str, name: str) -> Moved:
        """A source is gone."""
        ref = f"{namespace}/{name}"
        old = self._seen.pop(ref, None)
        self._leave(ref, old)
        return Moved(healed=False, lost=old.users if old else frozenset())

    def _leave(self, ref: str, old: Seen | None) -> None:
        if old is not None:
            refs = self._by_host.get(old.host, set())
            refs.discard(ref)
            if not refs:
                self._by_host.pop(old.host, None)

    def _read(self, source: RegistrySecret) -> Seen:
        spec, status = source.spec, source.status
        place = Source(spec.domain, spec.provider, "", Secret(""), "", insecure=spec.insecure)
        return Seen(
            host=self._registry.host(place),
            domain=spec.domain,
            users=frozenset((source.metadata.namespace, *spec.allowed_namespaces)),
            credential=(source.metadata.generation, status.password_updated_time),
            verified=verify_status(source),
            used_by=status.used_by,
            shown=status.host,
            unreached=_is_unreached(status.conditions),
            # One that failed before this was counted has failed once at least.
            failures=max(status.failures, 1) if verify_status(source) == "failed" else 0,
            due=verify_due(source, self._clock.now()),
        )

    async def load(self, found: Callable[[RegistrySecret], None], gone: Callable[[str, str], None]) -> None:
        """Read all sources, page by page; those that are no longer there are `gone`."""
        known = set(self._seen)
        async for stored in readable.each(self._store, REGISTRY_SECRET, Query()):
            known.discard(f"{stored.key.namespace}/{stored.key.name}")
            try:
                found(REGISTRY_SECRET.decode(stored.body))
            except msgspec.ValidationError:
                log.warning("source_not_readable", namespace=stored.key.namespace, name=stored.key.name)
        for ref in known:
            gone(*ref.split("/", 1))

    async def verify(self, namespace: str, name: str) -> Probe | None:
        """Test the stored credential; whoever asks meanwhile gets the same answer."""
        ref = f"{namespace}/{name}"
        running = self._verifying.get(ref)
        if running is not None:
            return await asyncio.shield(running)
        future = self._verifying[ref] = asyncio.get_running_loop().create_future()
        probe: Probe | None = None
        try:
            probe = await self._verifier.stored(namespace, name)
        finally:
            del self._verifying[ref]
            future.set_result(probe)
        seen = self._seen.get(ref)
        if seen is not None and probe is not None and (probe.success or probe.reason in REFUSALS):
            relied_on = FOUND_GOOD_FOR if probe.success else REFUSED_FOR
            seen.judged, seen.judged_until = probe, self._clock.monotonic() + relied_on
        return probe

    async def judge(self, namespace: str, name: str) -> Probe | None:
        """Like `verify`, but a credential that was just found good or refused is not tested again."""
        seen = self._seen.get(f"{namespace}/{name}")
        if seen is not None and seen.judged is not None and self._clock.monotonic() < seen.judged_until:
            return seen.judged
        return await self.verify(namespace, name)

    async def tell(self, users: Mapping[str, int] | None) -> None:
        """Write `usedBy` and `host` where they differ from what is shown."""
        for ref in list(self._seen):
            seen = self._seen.get(ref)
            if seen is None:
                continue
            used_by = users.get(ref, 0) if users is not None else seen.used_by
            host = self._host_status(seen.host)
            if used_by != seen.used_by or _worth_telling(seen.shown, host):
                await self._tell(ref, used_by, host)

    async def users(self) -> Mapping[str, int]:
        """How many images use each source; those that only name it, without the right to, are not counted."""
        users: Counter[str] = Counter()
        for (ref, namespace), count in (await self._store.holders(REPOSITORY)).items():
            if self.permits(ref, namespace):
                users[ref] += count
        return users

    async def _tell(self, ref: str, used_by: int, host: HostStatus) -> None:
        namespace, name = ref.split("/", 1)
        try:
            stored = await self._store.get(REGISTRY_SECRET, namespace, name)
            source: RegistrySecret = REGISTRY_SECRET.decode(stored.body)
            status = msgspec.structs.replace(source.status, used_by=used_by, host=host)
            written = await self._store.replace(REGISTRY_SECRET, msgspec.structs.replace(source, status=status))
        except (Conflict, NotFound):
            return  # Somebody else wrote: the next round compares again.
        self._written(written.resource_version)
        seen = self._seen.get(ref)
        if seen is not None:
            seen.used_by, seen.shown = used_by, host

    def _host_status(self, name: str) -> HostStatus:
        now = self._clock.monotonic()
        host = self._hosts.peek(name)
        if host is None:
            return HostStatus("ok")
        limit, remaining, _ = host.quota or Quota(None, None)
        pause = host.paused_until - now
        if host.breaker is Breaker.OPEN:
            return HostStatus("open", None, limit, remaining)
        if pause > 0:
            until = objects.seconds(self._clock.now() + timedelta(seconds=pause))
            return HostStatus("paused", until, limit, remaining)
        return HostStatus("ok", None, limit, remaining)


def verify_due(source: RegistrySecret, now: datetime) -> datetime | None:
    """When a source is to be verified next. A test that is yet to come was made before the clock went back, and so
    was the date of the next one."""
    due = source.status.next_verify
    if due is None and verify_status(source) == "untested":
        return AT_ONCE
    return now if due is not None and _tested(source) - now > plan.LEEWAY else due


def _tested(source: RegistrySecret) -> datetime:
    stamp = source.metadata.annotations.get(VERIFY_TIMESTAMP, "")
    return EPOCH + timedelta(milliseconds=int(stamp)) if _STAMP.fullmatch(stamp) else EPOCH


def _is_unreached(held: list[Condition]) -> bool:
    verified = conditions.find(held, VERIFIED)
    return verified is not None and verified.status == "False" and plan.passes(verified.reason)


def _worth_telling(old: HostStatus | None, new: HostStatus) -> bool:
    if old is None or old.state != new.state or old.quota_limit != new.quota_limit:
        return True
    if old.paused_until is not None and new.paused_until is not None:
        # Both are rounded from a moment that is computed afresh each time.
        return abs(old.paused_until - new.paused_until) > timedelta(seconds=2)
    if old.quota_remaining is None or new.quota_remaining is None:
        return old.quota_remaining is not new.quota_remaining
    step = max((new.quota_limit or 0) // QUOTA_STEP, 1)
    return abs(old.quota_remaining - new.quota_remaining) >= step
