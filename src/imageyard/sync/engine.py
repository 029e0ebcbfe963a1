"""The engine: owner of every task of sync. It watches, keeps the near part of the schedule, lets each host take its
turn, and starts one task per running sync. Decisions are made by the pure modules beside it.

    watch, due index -> keys to look at -> queue (a key once, hosts in turn) -> host's pace -> one sync -> status
"""

import asyncio
import random as randomness
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from imageyard.domain import reasons
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Corrupt, Failure, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import AT_ONCE, Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.metrics import Metrics
from imageyard.registry import Probe, Registry
from imageyard.service.fetch import Fetched, Resolved
from imageyard.store import Change, Query, Store
from imageyard.sync import plan, status
from imageyard.sync import sources as source_rules
from imageyard.sync.alarm import Alarm
from imageyard.sync.feed import Feed
from imageyard.sync.hosts import Admission, Hosts, Shift
from imageyard.sync.plan import Park, Sync, Trigger, Wait
from imageyard.sync.queue import Entry, Queue
from imageyard.sync.reconcile import Fetching, Reconciler, Run, Ties
from imageyard.sync.settings import EngineSettings
from imageyard.sync.sources import Sources, Verifying

__all__ = ["Engine", "EngineSettings"]

log = structlog.get_logger()

PAGE: Final = 500
SERIES: Final = 1000
"""Failing images that are told to the metrics."""
HELD_IMAGES: Final = 2000
"""Decoded objects kept with waiting keys; the rest is read again when its turn comes."""
AFTER_TROUBLE: Final = timedelta(seconds=30)
"""When to look again at a key that could not be read or written."""
WAKE_APART: Final = 15.0
"""Seconds between two rounds of waking one host's images, so that a flapping host does not keep us busy."""


class Engine:
    """`await run()` until cancelled or stopped. One engine per store."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetching,
        verifier: Verifying,
        registry: Registry,
        clock: Clock,
        metrics: Metrics,
        *,
        language: Language,
        settings: EngineSettings = EngineSettings(),  # noqa: B008 (frozen)
        random: Callable[[], float] = randomness.random,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._registry = registry
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._language: Language = language
        self._random = random
        self._alarm = Alarm(clock)
        self._hosts = Hosts(settings.per_host, settings.open_after)
        self._queue = Queue()
        self._images = self._feed(REPOSITORY, self._image_changed, self._image_due, self._images_listed)
        self._secrets = self._feed(REGISTRY_SECRET, self._source_changed, self._source_due, self._sources_listed)
        self._sources = Sources(store, verifier, registry, clock, self._hosts, self._secrets.wrote)
        ties = Ties(
            self._sources.host_of, self._sources.judge, self._images.wrote, self._reported, self._image_finished
        )
        self._reconciler = Reconciler(store, fetcher, clock, self._alarm, self._hosts, language, self._jitter, ties)
        self._arrivals: deque[Key] = deque()
        self._arriving: set[Key] = set()
        self._arrived = asyncio.Event()
        self._runs: dict[Key, Run] = {}
        self._quick = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._waking: deque[tuple[str, Trigger]] = deque()
        self._wake_up = asyncio.Event()
        self._probing: set[str] = set()
        self._woken_at: dict[str, float] = {}
        self._to_wake: set[str] = set()
        self._to_tell = asyncio.Event()
        self._users_moved = True
        self._failing: dict[Key, tuple[str, int]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._services: list[asyncio.Task[None]] = []
        self._stopping = False
        self._stopped = asyncio.Event()

    def _feed(
        self,
        kind: Kind[Any],
        changed: Callable[[Change], None],
        due: Callable[[Key, datetime], None],
        listed: Callable[[], Awaitable[None]],
    ) -> Feed:
        return Feed(
            self._store,
            kind,
            self._clock,
            self._alarm,
            span=self._settings.window,
            limit=self._settings.window_limit,
            changed=changed,
            due=due,
            listed=listed,
            busy=lambda key: key in self._queue or key in self._arriving,
            load=lambda: len(self._queue) + len(self._arriving),
        )

    # What others ask.

    @property
    def ready(self) -> bool:
        """Whether both watches stand and the first look was taken."""
        return self._images.live and self._secrets.live and not self._stopping

    def health(self) -> Mapping[str, bool]:
        """Named checks for /readyz."""
        return {"sync-engine": self.ready}

    def failing_images(self) -> list[tuple[str, str, str, int]]:
        """(`domain/repository:tag`, namespace, name, failures in a row) of failing images, at most 1,000."""
        return [(label, key.namespace, key.name, failures) for key, (label, failures) in self._failing.items()]

    def failing_sources(self) -> list[tuple[str, str, int]]:
        """(name, namespace, failed verifications in a row) of failing sources, at most 1,000."""
        return self._sources.failing()

    # Life.

    async def run(self) -> None:
        """Keep every status true until cancelled or stopped."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            services = [self._alarm.run(), self._secrets.run(), self._secrets.keep_filled(), self._wake_loop()]
            services += [self._images_from_sources(), self._images.keep_filled(), self._tell_loop()]
            services += [self._look_loop() for _ in range(self._settings.readers)]
            self._services = [tasks.create_task(service) for service in services]
            try:
                await self._stopped.wait()
            finally:
                self._stopping = True
            for task in self._services:
                task.cancel()

    async def stop(self, grace: float) -> None:
        """Take no more work, hand back what runs, within `grace` seconds; `run` then returns."""
        self._stopping = True
        for run in self._runs.values():
            if run.task is not None:
                run.task.cancel()
        waiting = asyncio.ensure_future(self._idle.wait())
        limit = asyncio.ensure_future(self._clock.sleep(grace))
        try:
            await asyncio.wait({waiting, limit}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            limit.cancel()
            self._stopped.set()

    async def _images_from_sources(self) -> None:
        """Images need to know their hosts, so the sources are read first."""
        while not self._secrets.live:
            await self._clock.sleep(0.05)
        await self._images.run()

    # Images: what changed, what is due, what it needs.

    async def _images_listed(self) -> None:
        await self._each(Query(status="Syncing"), lambda image, key: self._arrive(key))
        if self._images.live:
            return
        await self._each(Query(failing=True), lambda image, key: self._remember(key, image), most=SERIES)
        await self._spread_overdue()

    async def _spread_overdue(self) -> None:
        """After a time without us, what is overdue starts in its order, spread over min(interval, 10 min)."""
        now = self._clock.now()
        rows = await self._store.due(REPOSITORY, now, self._settings.spread_limit)
        keys = [row.key for row in rows if row.at > AT_ONCE]
        for rank, key in enumerate(keys):
            self._images.hold(key, now + plan.spread(rank, len(keys), plan.LONGEST_SPREAD))
        self._task(self._hasten(keys, now))

    async def _hasten(self, keys: list[Key], start: datetime) -> None:
        """Images with an interval shorter than the spread, or cut off by the last stop, come earlier than that."""
        for rank, key in enumerate(keys):
            if not self._images.holds(key):
                continue
            try:
                image = await self._reconciler.read(key)
                interval = plan.read(image).interval
            except (Failure, msgspec.ValidationError, plan.InvalidSpec):
                continue
            if image.status.reason == Reason.Interrupted:
                self._images.hold(key, start)
            elif interval < plan.LONGEST_SPREAD and self._images.holds(key):
                self._images.hold(key, start + plan.spread(rank, len(keys), interval))

    def _image_changed(self, change: Change) -> None:
        if change.type != "MODIFIED":
            self._users_moved = True
            self._to_tell.set()
        if change.type == "DELETED":
            self._forget(change.key)
            return
        run = self._runs.get(change.key)
        if run is not None:
            run.seen.append(change.resource_version)
            return
        self._queue.touch(change.key)
        self._arrive(change.key)

    def _forget(self, key: Key) -> None:
        self._images.discard(key)
        self._queue.discard(key)
        self._failing.pop(key, None)
        run = self._runs.get(key)
        if run is not None and run.task is not None:
            run.task.cancel()

    def _image_due(self, key: Key, at: datetime) -> None:
        self._arrive(key)

    def _arrive(self, key: Key) -> None:
        if key not in self._arriving and not self._stopping:
            self._arriving.add(key)
            self._arrivals.append(key)
            self._arrived.set()

    async def _look_loop(self) -> None:
        while True:
            while self._arrivals:
                key = self._arrivals.popleft()
                try:
                    await self._look(key)
                finally:
                    self._arriving.discard(key)
            self._arrived.clear()
            await self._arrived.wait()

    async def _look(self, key: Key) -> None:
        """Read one image and find out what it needs."""
        if self._queue.is_running(key):
            self._queue.touch(key)
            return
        try:
            image = await self._reconciler.read(key)
            await self._place(key, image, None)
        except NotFound:
            self._forget(key)
        except Conflict:
            self._images.put(key, self._clock.now())
        except Exception as problem:
            self._trouble(key, problem)

    async def _place(self, key: Key, image: Repository, woken: Trigger | None) -> None:
        now = self._clock.now()
        if image.status.sync_status == "Syncing" and not self._queue.is_running(key):
            image = await self._reconciler.write(status.handed_back(image, now, self._language))
        match plan.decide(image, now, woken=woken):
            case Wait(until):
                self._images.put(key, until)
            case Park() as park:
                await self._reconciler.park(image, park)
                self._images.discard(key)
            case Sync(trigger):
                await self._enqueue(key, image, trigger, woken)

    async def _enqueue(self, key: Key, image: Repository, trigger: Trigger, woken: Trigger | None) -> None:
        host = self._sources.host_of(image.spec)
        urgent, now = trigger in plan.ANNOUNCED, self._clock.now()
        pause = self._hosts.pause_left(host, self._clock.monotonic())
        if urgent and pause > 0:
            image = await self._tell_waiting(image, now + timedelta(seconds=pause))
        self._images.discard(key)
        due = AT_ONCE if urgent else image.status.next_sync or AT_ONCE
        held = image if len(self._queue) < HELD_IMAGES else None
        self._add(Entry(key, host, due, urgent, trigger == "manual", woken, held))

    async def _tell_waiting(self, image: Repository, until: datetime) -> Repository:
        waiting = status.waiting(image, until, self._language)
        return image if waiting.status.message == image.status.message else await self._reconciler.write(waiting)

    def _add(self, entry: Entry) -> None:
        if self._stopping:
            return
        entry.since = self._clock.monotonic()
        if self._queue.add(entry):
            self._metrics.queue_adds.labels(entry.key.resource).inc()
        self._pump()

    # Running.

    def _pump(self) -> None:
        """Start what may start."""
        while self._quick < self._settings.total and not self._stopping:
            entry = self._queue.take(self._admits)
            if entry is None:
                break
            self._start(entry)
        self._metrics.queue_depth.labels(REPOSITORY.plural).set(len(self._queue))

    def _admits(self, entry: Entry) -> bool:
        admission = self._hosts.admit(entry.host, self._clock.monotonic(), forced=entry.forced)
        return admission is not Admission.LATER

    def _start(self, entry: Entry) -> None:
        now = self._clock.monotonic()
        refused = self._hosts.admit(entry.host, now, forced=entry.forced) is Admission.REFUSE
        self._metrics.queue_seconds.labels(entry.key.resource).observe(max(now - entry.since, 0.0))
        self._hosts.start(entry.host)
        self._quick += 1
        self._idle.clear()
        run = self._runs[entry.key] = Run(entry.key, entry.host, refused, entry.woken, entry.image)
        work = self._sync(run) if entry.key.resource == REPOSITORY.plural else self._verify(run)
        run.task = self._task(work)

    def _task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        if self._tasks is None:
            raise RuntimeError("the engine does not run")
        return self._tasks.create_task(work)

    async def _sync(self, run: Run) -> None:
        """One fence for whatever may happen: the slot comes back, the key gets its next moment."""
        slow = self._alarm.after(self._settings.slow_after, lambda: self._slowed(run))
        due: datetime | None = None
        try:
            due = await self._reconciler.run(run)
        except NotFound:
            self._failing.pop(run.key, None)
        except Exception as problem:
            due = self._after(run.key, problem)
        finally:
            slow.cancel()
            again = self._ended(run) or run.moved or any(not self._images.is_own(version) for version in run.seen)
            if again:
                self._arrive(run.key)
            else:
                self._images.put(run.key, due)
            self._pump()

    def _slowed(self, run: Run) -> None:
        """It waits on its host by now: another may use its place, and people are told that it runs."""
        run.slow = True
        self._quick -= 1
        if run.sync is not None and run.key.resource == REPOSITORY.plural and not self._stopping:
            run.marking = self._task(self._reconciler.mark(run))
        self._pump()

    def _ended(self, run: Run) -> bool:
        del self._runs[run.key]
        self._quick -= not run.slow
        self._hosts.release(run.host)
        self._queue.unblock(run.host)
        if not self._runs:
            self._idle.set()
        return self._queue.finish(run.key)

    def _trouble(self, key: Key, problem: Exception) -> None:
        self._images.put(key, self._after(key, problem))

    def _after(self, key: Key, problem: Exception) -> datetime:
        """A key that cannot be read or written is only its own trouble: it is looked at again later."""
        known = isinstance(problem, Failure | msgspec.ValidationError)
        report = log.warning if known else log.exception
        kind = type(problem).__name__
        report("sync_not_possible", namespace=key.namespace, name=key.name, problem=kind)
        self._metrics.queue_retries.labels(key.resource).inc()
        wait = AFTER_TROUBLE * (10 if isinstance(problem, Corrupt | msgspec.ValidationError) else 1)
        return self._clock.now() + wait

    def _image_finished(self, run: Run, image: Repository, outcome: Fetched, seconds: float) -> None:
        good = image.status.sync_status == "Success"
        result = "success" if good else "failed"
        self._metrics.syncs.labels(result, outcome.reason).inc()
        self._metrics.sync_seconds.observe(seconds)
        if good:
            self._metrics.last_success.set(self._clock.now().timestamp())
        if outcome.quota is not None:
            self._to_tell.set()
        self._remember(run.key, image)
        trigger = run.sync.trigger if run.sync else ""
        report = log.debug if good and outcome.unchanged and trigger == "schedule" else log.info
        report(
            "sync_finished",
            namespace=run.key.namespace,
            name=run.key.name,
            trigger=trigger,
            reason=str(outcome.reason),
            duration_ms=round(seconds * 1000),
        )

    def _remember(self, key: Key, image: Repository) -> None:
        if image.status.failures == 0:
            self._failing.pop(key, None)
        elif key in self._failing or len(self._failing) < SERIES:
            label = f"{image.status.domain}/{image.spec.repository}:{image.spec.tag}"
            self._failing[key] = (label, image.status.failures)

    # Hosts.

    def _reported(self, host: str, shift: Shift) -> None:
        match shift:
            case Shift.NOTHING:
                return
            case Shift.DOUBTED:
                self._probe_after(host, self._settings.first_probe)
            case Shift.OPENED:
                log.warning("host_unreachable", host=host, reason=str(self._hosts[host].reason))
                self._probe_after(host, self._settings.first_probe)
            case Shift.RECOVERED:
                log.info("host_recovered", host=host)
                self._wake_host(host)
            case Shift.PAUSED:
                left = self._hosts.pause_left(host, self._clock.monotonic())
                log.warning("host_paused", host=host, seconds=round(left))
                self._alarm.after(left, lambda: self._resume(host))
            case Shift.CLOSED:
                log.info("host_answers", host=host)
        self._host_shown(host)

    def _resume(self, host: str) -> None:
        self._host_shown(host)
        self._pump()

    def _host_shown(self, host: str) -> None:
        self._queue.unblock(host)
        opened, paused = self._hosts.states()
        self._metrics.hosts_open.set(opened)
        self._metrics.hosts_paused.set(paused)
        self._to_tell.set()

    def _probe_after(self, host: str, seconds: float) -> None:
        if host not in self._probing:
            self._probing.add(host)
            jittered = seconds * (1 + self._jitter() / 4)
            self._alarm.after(jittered, lambda: self._probe_now(host))

    def _probe_now(self, host: str) -> None:
        self._probing.discard(host)
        if not self._stopping:
            self._task(self._probe(host))

    async def _probe(self, host: str) -> None:
        """Ask a host that does not answer whether it is back, by way of one of its sources; nothing is stored."""
        try:
            found = await self._probe_sources(host)
        except Exception:
            log.exception("probe_crashed", host=host)
            found = None
        if found is not None:
            shift = self._hosts.probed(host, found.reason)
            self._reported(host, shift)
            self._host_shown(host)
            self._pump()
        if self._hosts.doubted(host) and self._sources.on(host):
            self._probe_after(host, self._settings.probe_every)

    async def _probe_sources(self, host: str) -> Probe | None:
        refs = self._sources.on(host)
        turn = int(self._random() * len(refs))
        for ref in (refs[turn:] + refs[:turn])[:10]:
            namespace, name = ref.split("/", 1)
            resolved = await self._fetcher.resolve(namespace, source_rules.any_image(namespace, name))
            if isinstance(resolved, Resolved):
                return await self._registry.probe(resolved.source)
        return None

    def _wake_host(self, host: str) -> None:
        """Queue the failing images of a host that is back, and test its failing sources again."""
        now = self._clock.monotonic()
        wait = self._woken_at.get(host, -WAKE_APART) + WAKE_APART - now
        if wait > 0:
            if host not in self._to_wake:
                self._to_wake.add(host)
                self._alarm.after(wait, lambda: self._wake_host(host))
            return
        self._to_wake.discard(host)
        self._woken_at[host] = now
        if len(self._woken_at) > SERIES:
            self._woken_at = {name: at for name, at in self._woken_at.items() if now - at < WAKE_APART}
        for ref in self._sources.on(host):
            self._wake(ref, "recovery")

    def _wake(self, ref: str, trigger: Trigger) -> None:
        if (ref, trigger) not in self._waking:
            self._waking.append((ref, trigger))
            self._wake_up.set()

    async def _wake_loop(self) -> None:
        while True:
            while self._waking:
                ref, trigger = self._waking.popleft()
                try:
                    await self._wake_images(ref, trigger)
                except Exception as problem:
                    log.warning("wake_failed", source=ref, problem=type(problem).__name__)
            self._wake_up.clear()
            await self._wake_up.wait()

    async def _wake_images(self, ref: str, trigger: Trigger) -> None:
        host = self._sources.host(*ref.split("/", 1))

        def wake(image: Repository, key: Key) -> None:
            known = image.status.reason in Reason.__members__
            transient = known and reasons.explain(Reason(image.status.reason)).backoff
            if trigger != "recovery" or transient:
                self._images.discard(key)
                self._add(Entry(key, host, image.status.next_sync or AT_ONCE, woken=trigger))

        await self._each(Query(reference=ref, failing=True), wake)

    async def _each(self, query: Query, act: Callable[[Repository, Key], None], most: int | None = None) -> None:
        """Go through the images that match, page by page, until `most` were seen."""
        token, seen = "", 0
        while True:
            page = await self._store.list(REPOSITORY, replace(query, limit=PAGE, continuation=token))
            for stored in page.items:
                try:
                    image: Repository = REPOSITORY.decode(stored.body)
                except msgspec.ValidationError:
                    log.warning("sync_not_possible", namespace=stored.key.namespace, name=stored.key.name)
                    continue
                act(image, stored.key)
            token, seen = page.continuation, seen + len(page.items)
            if not token or (most is not None and seen >= most):
                return

    # Sources.

    async def _sources_listed(self) -> None:
        await self._sources.load(self._source_seen)

    def _source_seen(self, source: RegistrySecret) -> None:
        key = Key(REGISTRY_SECRET.plural, source.metadata.namespace, source.metadata.name)
        if self._sources.note(source) and self._secrets.live:
            self._wake(f"{key.namespace}/{key.name}", "sourceChange")
        self._secrets.put(key, source_rules.verify_due(source))
        self._to_tell.set()

    def _source_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._sources.forget(change.key.namespace, change.key.name)
            self._secrets.discard(change.key)
            return
        try:
            self._source_seen(REGISTRY_SECRET.decode(change.body))
        except msgspec.ValidationError:
            log.warning("source_not_readable", namespace=change.key.namespace, name=change.key.name)

    def _source_due(self, key: Key, at: datetime) -> None:
        first = at == AT_ONCE
        host = self._sources.host(key.namespace, key.name)
        self._add(Entry(key, host, at, urgent=first, forced=True))

    async def _verify(self, run: Run) -> None:
        """Test one source's stored credential. The outcome, and when it is due next, come back by the watch."""
        slow = self._alarm.after(self._settings.slow_after, lambda: self._slowed(run))
        namespace, name = run.key.namespace, run.key.name
        try:
            probe = await self._sources.verify(namespace, name)
            if probe is not None:
                now = self._clock.monotonic()
                self._reported(run.host, self._hosts.report(run.host, probe.reason, now))
        except NotFound:
            pass
        except Exception as problem:
            self._secrets.put(run.key, self._after(run.key, problem))
        finally:
            slow.cancel()
            if self._ended(run):
                self._secrets.put(run.key, self._clock.now())
            self._pump()

    async def _tell_loop(self) -> None:
        """Write what sources show of hosts and users; once in a while without cause, for the quotas."""
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            started = self._clock.monotonic()
            try:
                moved, self._users_moved = self._users_moved, False
                await self._sources.tell(await self._sources.users() if moved else None)
            except Exception as problem:
                self._users_moved = True
                log.warning("sources_not_told", problem=type(problem).__name__)
            took = self._clock.monotonic() - started
            await self._clock.sleep(max(self._settings.tell_every, 10 * took))

    def _jitter(self) -> float:
        return self._random() * 2 - 1
