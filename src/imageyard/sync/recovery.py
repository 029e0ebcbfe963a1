"""How images heal: hosts that do not answer are probed, and what failed is queued again when its cause is gone."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from imageyard.domain.clock import Clock
from imageyard.domain.kinds.repository import RegistryRef, Repository, RepositorySpec
from imageyard.domain.objects import AT_ONCE, Key
from imageyard.registry import Probe, Registry
from imageyard.service.fetch import Resolved
from imageyard.store import Query, Store
from imageyard.sync import listing, plan
from imageyard.sync.alarm import Alarm
from imageyard.sync.hosts import Hosts, Shift
from imageyard.sync.plan import Trigger
from imageyard.sync.reconcile import Fetching
from imageyard.sync.settings import EngineSettings
from imageyard.sync.sources import Moved, Sources

log = structlog.get_logger()

WAKE_APART: Final = 15.0
"""Seconds between two rounds of waking one host's images, so that a flapping host does not keep us busy."""
ASKED: Final = 10
"""Sources of a host that a probe looks at to find one whose credential may be used."""

Wake = Callable[[Key, str, datetime, Trigger], None]
"""Queue an image: key, host, when it was due, why."""


class _Waking(NamedTuple):
    """Images to queue: those that fail and may use the source `ref`, or all in namespaces that have `lost` it."""

    ref: str
    trigger: Trigger
    lost: frozenset[str] = frozenset()


class Recovery:
    def __init__(
        self,
        store: Store,
        fetcher: Fetching,
        registry: Registry,
        clock: Clock,
        alarm: Alarm,
        hosts: Hosts,
        sources: Sources,
        settings: EngineSettings,
        random: Callable[[], float],
        *,
        wake: Wake,
        verify: Callable[[str, str], None],
        spawn: Callable[[Coroutine[None, None, None]], object],
        shifted: Callable[[str, Shift], None],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._registry = registry
        self._clock = clock
        self._alarm = alarm
        self._hosts = hosts
        self._sources = sources
        self._settings = settings
        self._random = random
        self._wake = wake
        self._verify = verify
        self._spawn = spawn
        self._shifted = shifted
        self._probing: set[str] = set()
        self._woken_at: dict[str, float] = {}
        self._to_wake: set[str] = set()
        self._changed: deque[_Waking] = deque()
        self._some = asyncio.Event()

    # Probing.

    def doubt(self, host: str) -> None:
        """A host has failed: find out soon whether it is down, and then when it is back."""
        self._probe_after(host, self._settings.first_probe)

    def _probe_after(self, host: str, seconds: float) -> None:
        if host not in self._probing:
            self._probing.add(host)
            seconds *= 0.75 + self._random() / 2
            self._alarm.after(seconds, lambda: self._spawn(self._probe(host)))

    async def _probe(self, host: str) -> None:
        try:
            probe = await self._ask(host)
        except Exception:
            log.exception("probe_crashed", host=host)
            probe = None
        self._probing.discard(host)
        if probe is not None:
            self._shifted(host, self._hosts.probed(host, probe.reason, elsewhere=probe.elsewhere))
        if self._hosts.doubted(host) and self._sources.on(host):
            self._probe_after(host, self._settings.probe_every)

    async def _ask(self, host: str) -> Probe | None:
        """Test the host by way of one of its sources; nothing is stored. None when no source may be used."""
        refs = self._sources.on(host)
        turn = int(self._random() * len(refs))
        for ref in (refs[turn:] + refs[:turn])[:ASKED]:
            namespace, name = ref.split("/", 1)
            spec = RepositorySpec(repository="probe", tag="probe", registry_ref=RegistryRef(name, namespace))
            resolved = await self._fetcher.resolve(namespace, spec)
            if isinstance(resolved, Resolved):
                return await self._registry.probe(resolved.source)
        return None

    # Waking.

    def host_is_back(self, host: str) -> None:
        """Queue the images of the host that failed for reasons that pass, and its sources that were not reached."""
        now = self._clock.monotonic()
        wait = self._woken_at.get(host, -WAKE_APART) + WAKE_APART - now
        if wait <= 0:
            self._woken_at = {name: at for name, at in self._woken_at.items() if now - at < WAKE_APART}
            self._woken_at[host] = now
            self._to_wake.discard(host)
            for ref in self._sources.on(host):
                self._note(_Waking(ref, "recovery"))
            for ref in self._sources.unreached(host):
                self._verify(*ref.split("/", 1))
        elif host not in self._to_wake:
            self._to_wake.add(host)
            self._alarm.after(wait, lambda: self.host_is_back(host))

    def source_changed(self, ref: str, moved: Moved) -> None:
        """Queue the images that refer to `namespace/name` and whose outcome may be another now."""
        if moved.lost:
            self._note(_Waking(ref, "sourceChange", moved.lost))
        if moved.healed:
            self._note(_Waking(ref, "sourceChange"))

    def _note(self, waking: _Waking) -> None:
        if waking not in self._changed:
            self._changed.append(waking)
            self._some.set()

    async def run(self) -> None:
        while True:
            while self._changed:
                waking = self._changed.popleft()
                try:
                    await (self._wake_lost(waking) if waking.lost else self._wake_failing(waking))
                except Exception as problem:
                    log.warning("wake_failed", source=waking.ref, problem=type(problem).__name__)
            self._some.clear()
            await self._some.wait()

    async def _wake_failing(self, waking: _Waking) -> None:
        # An image that may not use the source stays as it is: when it is tried tells nothing of another namespace.
        def wake(key: Key, image: Repository) -> None:
            passing = waking.trigger != "recovery" or plan.passes(image.status.reason)
            if passing and self._sources.permits(waking.ref, key.namespace):
                self._wake_image(key, image, waking.trigger)

        await listing.each(self._store, Query(reference=waking.ref, failing=True), wake)

    async def _wake_lost(self, waking: _Waking) -> None:
        def wake(key: Key, image: Repository) -> None:
            if not self._sources.permits(waking.ref, key.namespace):
                self._wake_image(key, image, waking.trigger)

        namespaces = None if "*" in waking.lost else waking.lost
        await listing.each(self._store, Query(namespaces, reference=waking.ref), wake)

    def _wake_image(self, key: Key, image: Repository, trigger: Trigger) -> None:
        host = self._sources.host_of(key.namespace, image.spec)
        self._wake(key, host, image.status.next_sync or AT_ONCE, trigger)
