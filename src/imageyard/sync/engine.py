"""The engine: owner of every task of sync. It watches, keeps the near part of the schedule, lets each host take its
turn, and starts one task per running sync. Decisions are made by the pure modules beside it.

    watch, due index -> intake -> queue (a key once, hosts in turn) -> host's pace -> reconcile -> status
"""

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from imageyard.domain.clock import Clock
from imageyard.domain.errors import Corrupt, Failure, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import AT_ONCE, Key
from imageyard.domain.text import Language
from imageyard.metrics import Metrics
from imageyard.registry import Registry
from imageyard.service import events, happenings
from imageyard.service.events import Record
from imageyard.service.fetch import Fetched
from imageyard.store import Change, Query, Store
from imageyard.sync import listing
from imageyard.sync.alarm import Alarm
from imageyard.sync.feed import Feed
from imageyard.sync.figures import Figures
from imageyard.sync.hosts import Admission, Hosts, Shift
from imageyard.sync.intake import Intake
from imageyard.sync.plan import Trigger
from imageyard.sync.queue import Entry, Queue
from imageyard.sync.reconcile import Fetching, Reconciler, Run, Ties
from imageyard.sync.recovery import Recovery
from imageyard.sync.settings import EngineSettings
from imageyard.sync.sources import Sources, Verifying
from imageyard.sync.spacing import Spacing

__all__ = ["Engine", "EngineSettings"]

log = structlog.get_logger()

SERIES: Final = 1000
"""Failing images that are told to the metrics."""
AFTER_TROUBLE: Final = timedelta(seconds=30)
"""When to look again at a key that could not be read or written."""
AFTER_CORRUPTION: Final = timedelta(minutes=5)


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
        settings: EngineSettings,
        random: Callable[[], float] = randomness.random,
        record: Record = events.unrecorded,
    ) -> None:
        self._store = store
        self._record = record
        self._clock = clock
        self._settings = settings
        self._holders = (fetcher, verifier)
        """Of opened credentials."""
        self._alarm = alarm = Alarm(clock)
        self._hosts = hosts = Hosts(settings.per_host, settings.open_after)
        self._queue = Queue()
        self._figures = Figures(metrics, self._queue.depth)
        self._images = self._feed(
            REPOSITORY, self._image_changed, self._image_due, self._images_listed, self._images_strayed
        )
        self._secrets = self._feed(
            REGISTRY_SECRET, self._source_changed, self._source_due, self._sources_listed, self._sources_listed
        )
        self._sources = sources = Sources(store, verifier, registry, clock, hosts, self._secrets.wrote)
        ties = Ties(
            sources.host_of,
            sources.domain_of,
            sources.judge,
            self._images.wrote,
            self._reported,
            self._spawn,
            self._answered,
            self._image_finished,
        )
        reconciler = Reconciler(store, fetcher, clock, alarm, hosts, language, lambda: random() * 2 - 1, ties)
        self._reconciler = reconciler
        self._spacing = Spacing()
        self._intake = Intake(
            store,
            clock,
            hosts,
            sources,
            self._queue,
            reconciler,
            self._spacing,
            language,
            feed=lambda: self._images,
            add=self._add,
            gone=self._gone,
            trouble=self._trouble,
        )
        self._recovery = Recovery(
            store,
            fetcher,
            registry,
            clock,
            alarm,
            hosts,
            sources,
            settings,
            random,
            wake=self._wake,
            verify=lambda namespace, name: self._test(Key(REGISTRY_SECRET.plural, namespace, name), self._clock.now()),
            spawn=self._spawn,
            shifted=self._reported,
        )
        self._runs: dict[Key, Run] = {}
        self._quick = 0
        """Running syncs that are not slow yet; these count against the total."""
        self._idle = asyncio.Event()
        self._to_tell = asyncio.Event()
        self._users_moved = True
        self._failing: dict[Key, tuple[str, int]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._stopping = False
        self._stopped = asyncio.Event()

    def _feed(
        self,
        kind: Kind[Any],
        changed: Callable[[Change], None],
        due: Callable[[Key, datetime], None],
        listed: Callable[[], Awaitable[None]],
        strayed: Callable[[], Awaitable[None]],
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
            strayed=strayed,
            busy=lambda key: key in self._queue or key in self._intake,
            load=lambda: len(self._queue) + len(self._intake),
        )

    # What others ask.

    @property
    def ready(self) -> bool:
        """Whether both watches stand and the first look was taken."""
        return self._images.live and self._secrets.live and not self._stopping

    def health(self) -> Mapping[str, bool]:
        """Named checks for /readyz."""
        return {"sync-engine": self.ready, "watch-cache": self._images.watching and self._secrets.watching}

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
            services = [
                self._alarm.run(),
                self._secrets.run(),
                self._secrets.keep_filled(),
                self._images_from_sources(),
                self._images.keep_filled(),
                self._recovery.run(),
                self._tell_loop(),
                *(self._intake.run() for _ in range(self._settings.readers)),
            ]
            running = [tasks.create_task(service) for service in services]
            try:
                await self._stopped.wait()
            finally:
                self._stopping = True
            for task in running:
                task.cancel()

    async def stop(self, grace: float) -> None:
        """Take no more work, hand back what runs, within `grace` seconds; `run` then returns."""
        self._stopping = True
        for run in self._runs.values():
            self._cancel(run)
        if self._runs:
            self._idle.clear()
            waiting = asyncio.ensure_future(self._idle.wait())
            limit = asyncio.ensure_future(self._clock.sleep(grace))
            await asyncio.wait({waiting, limit}, return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            limit.cancel()
        self._stopped.set()

    async def _images_from_sources(self) -> None:
        """Images need to know their hosts, so the sources are read first."""
        await self._secrets.first_look.wait()
        await self._images.run()

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None] | None:
        """A task of our own; nothing begins any more while we stop."""
        if self._stopping or self._tasks is None:
            work.close()
            return None
        task = self._tasks.create_task(_fenced(work))
        # Cancelled before its first step it would leave the work unbegun, and unended.
        task.add_done_callback(lambda _: work.close())
        return task

    # Images.

    async def _images_listed(self) -> None:
        await self._intake.interrupted()
        if not self._images.live:
            await listing.each(self._store, Query(failing=True), self._remember, most=SERIES)
            self._spawn(self._intake.hasten(*await self._intake.overdue(self._settings.spread_limit)))
            if await self._intake.is_ahead():
                self._spawn(self._images_strayed())

    async def _images_strayed(self) -> None:
        await self._intake.bring_back()

    def _image_changed(self, change: Change) -> None:
        if change.type != "MODIFIED":
            self._users_moved = True
            self._to_tell.set()
        run = self._runs.get(change.key)
        if change.type == "DELETED":
            self._intake.doubt(change.key)
            self._gone(change.key)
        elif run is not None:
            run.seen.append(change.resource_version)
        else:
            self._queue.touch(change.key)
            self._intake.arrive(change.key, change)

    def _image_due(self, key: Key, at: datetime) -> None:
        self._intake.arrive(key)

    def _gone(self, key: Key) -> None:
        self._images.discard(key)
        self._queue.discard(key)
        self._failing.pop(key, None)
        if key in self._runs:
            self._cancel(self._runs[key])

    def _cancel(self, run: Run) -> None:
        if run.task is not None:
            run.task.cancel()

    def _wake(self, key: Key, host: str, due: datetime, trigger: Trigger) -> None:
        entry = Entry(key, host, due, woken=trigger)
        if key in self._runs:
            self._runs[key].later = entry
        else:
            self._images.discard(key)
            self._add(entry)

    def _remember(self, key: Key, image: Repository) -> None:
        if image.status.failures == 0:
            self._failing.pop(key, None)
        elif key in self._failing or len(self._failing) < SERIES:
            path = f"{image.spec.repository}:{image.spec.tag}"
            label = f"{image.status.domain}/{path}" if image.status.domain else path
            self._failing[key] = (label, image.status.failures)

    # Running.

    def _add(self, entry: Entry) -> None:
        if self._stopping:
            return
        entry.since = self._clock.monotonic()
        if self._queue.add(entry):
            self._figures.queued(entry.key.resource)
        self._pump()

    def _pump(self) -> None:
        """Start what may start."""
        while self._quick < self._settings.total and not self._stopping:
            entry = self._queue.take(lambda entry: self._admission(entry) is not Admission.LATER)
            if entry is None:
                break
            self._start(entry)

    def _admission(self, entry: Entry) -> Admission:
        return self._hosts.admit(entry.host, self._clock.monotonic(), forced=entry.forced)

    def _start(self, entry: Entry) -> None:
        refused = self._admission(entry) is Admission.REFUSE
        self._figures.waited(entry.key.resource, self._clock.monotonic() - entry.since)
        self._hosts.start(entry.host)
        self._quick += 1
        run = self._runs[entry.key] = Run(entry.key, entry.host, refused, entry.woken, entry.image)
        run.task = self._spawn(self._sync(run) if entry.key.resource == REPOSITORY.plural else self._verify(run))

    async def _sync(self, run: Run) -> None:
        """One fence for whatever may happen: the slot comes back, the key gets its next moment."""
        slow = self._alarm.after(self._settings.slow_after, lambda: self._slowed(run))
        due: datetime | None = None
        began = self._clock.monotonic()
        try:
            due = await self._reconciler.run(run)
        except NotFound:
            self._failing.pop(run.key, None)
        except Exception as problem:
            due = self._trouble(run.key, problem)
        finally:
            slow.cancel()
            if run.sync is not None and run.sync.trigger == "manual":
                self._spacing.start(run.key, began)
            changed = any(not self._images.is_own(version) for version in run.seen)
            again = self._ended(run) or run.moved or changed
            if run.later is not None:
                self._add(run.later)
            if again:
                self._intake.arrive(run.key)
            elif run.later is None:
                self._images.put(run.key, due)
            self._pump()

    def _slowed(self, run: Run) -> None:
        """It waits on its host by now: another may use its place, and people are told that it runs."""
        run.slow = True
        self._quick -= 1
        self._reconciler.announce(run)
        self._pump()

    def _answered(self, run: Run) -> None:
        """Its host may take its next turn."""
        if not run.answered:
            run.answered = True
            self._hosts.release(run.host)
            self._queue.unblock(run.host)
            self._pump()

    def _ended(self, run: Run) -> bool:
        """True when the key has to be looked at again."""
        del self._runs[run.key]
        self._quick -= not run.slow
        self._answered(run)
        if not self._runs:
            self._idle.set()
        return self._queue.finish(run.key)

    def _trouble(self, key: Key, problem: Exception) -> datetime:
        """A key that cannot be read or written is only its own trouble: it is looked at again at the answered time."""
        report = log.warning if isinstance(problem, Failure | msgspec.ValidationError) else log.exception
        report("sync_not_possible", namespace=key.namespace, name=key.name, problem=type(problem).__name__)
        self._figures.retried(key.resource)
        lasting = isinstance(problem, Corrupt | msgspec.ValidationError)
        return self._clock.now() + (AFTER_CORRUPTION if lasting else AFTER_TROUBLE)

    def _image_finished(self, run: Run, image: Repository, outcome: Fetched, seconds: float) -> None:
        good, trigger = image.status.failures == 0, run.sync.trigger if run.sync else ""
        self._figures.finished(good, outcome.reason, seconds, self._clock.now().timestamp())
        if outcome.quota is not None:
            self._to_tell.set()
        self._remember(run.key, image)
        if run.before is not None:
            self._record(happenings.synced(run.before, image, outcome.reason))
        report = log.debug if outcome.unchanged and trigger == "schedule" else log.info
        report(
            "sync_finished",
            namespace=run.key.namespace,
            name=run.key.name,
            trigger=trigger,
            reason=str(outcome.reason),
            duration_ms=round(seconds * 1000),
        )

    # Hosts.

    def _reported(self, host: str, shift: Shift) -> None:
        match shift:
            case Shift.NOTHING:
                return
            case Shift.DOUBTED:
                self._recovery.doubt(host)
            case Shift.OPENED:
                log.warning("host_unreachable", host=host, reason=str(self._hosts[host].reason))
                self._recovery.doubt(host)
            case Shift.RECOVERED:
                log.info("host_recovered", host=host)
                self._recovery.host_is_back(host)
            case Shift.PAUSED:
                left = self._hosts.pause_left(host, self._clock.monotonic())
                log.warning("host_paused", host=host, seconds=round(left))
                self._alarm.after(left, lambda: self._host_shifted(host))
            case Shift.ANSWERS:
                log.info("host_answers", host=host)
        self._host_shifted(host)

    def _host_shifted(self, host: str) -> None:
        self._figures.hosts(*self._hosts.states())
        self._to_tell.set()
        self._queue.unblock(host)
        self._pump()

    # Sources.

    async def _sources_listed(self) -> None:
        await self._sources.load(self._source_seen, self._source_gone)

    def _source_seen(self, source: RegistrySecret) -> None:
        namespace, name = source.metadata.namespace, source.metadata.name
        moved = self._sources.note(source)
        self._users_moved |= moved.healed or bool(moved.lost)
        if self._secrets.live:
            self._recovery.source_changed(f"{namespace}/{name}", moved)
        self._secrets.put(Key(REGISTRY_SECRET.plural, namespace, name), self._sources.due(namespace, name))
        self._to_tell.set()

    def _source_changed(self, change: Change) -> None:
        if change.type == "DELETED":
            self._source_gone(change.key.namespace, change.key.name)
            return
        try:
            self._source_seen(REGISTRY_SECRET.decode(change.body))
        except msgspec.ValidationError:
            log.warning("source_not_readable", namespace=change.key.namespace, name=change.key.name)

    def _source_gone(self, namespace: str, name: str) -> None:
        for holder in self._holders:
            holder.let_go(namespace, name)
        self._recovery.source_changed(f"{namespace}/{name}", self._sources.forget(namespace, name))
        self._secrets.discard(Key(REGISTRY_SECRET.plural, namespace, name))

    def _source_due(self, key: Key, at: datetime) -> None:
        due = self._sources.due(key.namespace, key.name)
        if due is not None and due > self._clock.now():
            # The index was read while a test was being written.
            self._secrets.put(key, due)
        else:
            self._test(key, at)

    def _test(self, key: Key, at: datetime) -> None:
        host = self._sources.host(key.namespace, key.name)
        # An open breaker does not keep a source from its test: that test may close it.
        self._add(Entry(key, host, at, urgent=at == AT_ONCE, forced=True))

    async def _verify(self, run: Run) -> None:
        """Test one source's stored credential. The outcome, and when it is due next, come back by the watch."""
        slow = self._alarm.after(self._settings.slow_after, lambda: self._slowed(run))
        due: datetime | None = None
        try:
            probe = await self._sources.verify(run.key.namespace, run.key.name)
            if probe is not None:
                now = self._clock.monotonic()
                shift = self._hosts.report(run.host, probe.reason, now, elsewhere=probe.elsewhere)
                self._reported(run.host, shift)
        except NotFound:
            pass
        except Exception as problem:
            due = self._trouble(run.key, problem)
        finally:
            slow.cancel()
            if self._ended(run):
                due = self._clock.now()
            if due is not None:
                self._secrets.put(run.key, due)
            self._pump()

    async def _tell_loop(self) -> None:
        """Write what sources show of their hosts and users, some time after it moved."""
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            started, moved = self._clock.monotonic(), self._users_moved
            self._users_moved = False
            try:
                await self._sources.tell(await self._sources.users() if moved else None)
            except Exception as problem:
                self._users_moved |= moved
                self._to_tell.set()
                log.warning("sources_not_told", problem=type(problem).__name__)
            # Counting users reads a whole index: on a large store it is done the more seldom the longer it takes.
            took = self._clock.monotonic() - started
            await self._clock.sleep(max(self._settings.tell_every, 10 * took))


async def _fenced(work: Coroutine[None, None, None]) -> None:
    """What one task meets ends that task, never the server."""
    try:
        await work
    except Exception:
        log.exception("sync_task_crashed")
