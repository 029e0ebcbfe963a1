"""One image, once: decide -> tell that it runs -> fetch with retries -> write the outcome.

Each write is made against the version that was read. A lost race is read and decided again; an outcome that belongs
to an older spec is dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from imageyard.domain import reasons
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Failure, NotFound
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Manifest, Repository, RepositorySpec, RepositoryStatus
from imageyard.domain.objects import Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language, Text
from imageyard.registry import Probe, Source, unanswered
from imageyard.service.fetch import Fetched, Resolved, Unresolved
from imageyard.store import Note, Store
from imageyard.sync import plan, status
from imageyard.sync.alarm import Alarm, Deadline
from imageyard.sync.hosts import Hosts, Shift
from imageyard.sync.plan import Park, Sync, Trigger, Wait
from imageyard.sync.queue import Entry
from imageyard.sync.sources import REFUSALS

log = structlog.get_logger()

RACES: Final = 5
"""Lost races in one write before the key is looked at afresh."""


class Fetching(Protocol):
    """What the engine needs of `service.fetch.Fetcher`."""

    async def resolve(self, namespace: str, spec: RepositorySpec) -> Resolved | Unresolved: ...

    async def fetch(
        self, source: Source, spec: RepositorySpec, held: Manifest | None, *, thrifty: bool = False
    ) -> Fetched: ...

    async def keep(self, fetched: Fetched) -> None: ...

    def let_go(self, namespace: str, name: str) -> None: ...


@dataclass(slots=True, eq=False)
class Run:
    """One running sync. `image` is the newest version we know of; writes go against it."""

    key: Key
    host: str
    refused: bool = False
    """The host's breaker is open: conclude without asking it."""
    woken: Trigger | None = None
    image: Repository | None = None
    sync: Sync | None = None
    before: RepositoryStatus | None = None
    task: asyncio.Task[None] | None = None
    marking: asyncio.Task[None] | None = None
    answered: bool = False
    """Its host has said what it had to say; another may take the place there."""
    slow: bool = False
    moved: bool = False
    """The object changed under the run so that its outcome says nothing: look again."""
    later: Entry | None = None
    """Woken while it ran: what it read may be older than what woke it."""
    seen: list[int] = field(default_factory=list)
    """Versions the watch showed while it ran."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What a reconciler needs of the engine around it."""

    host_of: Callable[[str, RepositorySpec], str]
    domain_of: Callable[[str, RepositorySpec], str]
    verify: Callable[[str, str], Awaitable[Probe | None]]
    """Test a source's stored credential, unless that was just done."""
    written: Callable[[int], None]
    """A resourceVersion that is our own."""
    reported: Callable[[str, Shift], None]
    aside: Callable[[Coroutine[None, None, None]], asyncio.Task[None] | None]
    """Run something beside, as long as the engine runs."""
    answered: Callable[[Run], None]
    finished: Callable[[Run, Repository, Fetched, float], None]


class Reconciler:
    def __init__(
        self,
        store: Store,
        fetcher: Fetching,
        clock: Clock,
        alarm: Alarm,
        hosts: Hosts,
        language: Language,
        jitter: Callable[[], float],
        ties: Ties,
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._clock = clock
        self._alarm = alarm
        self._hosts = hosts
        self._language = language
        self._jitter = jitter
        self._ties = ties

    async def read(self, key: Key) -> Repository:
        """Raises NotFound, Corrupt, msgspec.ValidationError."""
        stored = await self._store.get(REPOSITORY, key.namespace, key.name)
        image: Repository = REPOSITORY.decode(stored.body)
        return image

    async def write(self, image: Repository, note: Note | None = None) -> Repository:
        """Answers the image as it is now stored. Raises Conflict, NotFound, Unavailable."""
        # No person waits for this answer: what many syncs find out goes to the disk together.
        stored = await self._store.replace(REPOSITORY, image, note=note, patient=True)
        self._ties.written(stored.resource_version)
        metadata = replace(image.metadata, resource_version=str(stored.resource_version))
        return replace(image, metadata=metadata)

    async def run(self, run: Run) -> datetime | None:
        """Bring one image up to date; answers when it is due next, None when not by itself.
        What the store raises goes through. Cancelled, it hands the image back."""
        try:
            return await self._run(run)
        except asyncio.CancelledError:
            await self._hand_back(run)
            raise

    async def _run(self, run: Run) -> datetime | None:
        for _ in range(RACES):
            run.image = image = run.image or await self.read(run.key)
            woken = None if run.refused else run.woken
            decision = plan.decide(image, self._clock.now(), woken=woken, lost=not run.host)
            try:
                match decision:
                    case Wait(until):
                        return until
                    case Park():
                        await self.park(image, decision)
                        return None
                    case Sync():
                        return await self._sync(run, image, decision)
            except Conflict:
                run.image = None
        run.moved = True
        return None

    async def park(self, image: Repository, park: Park) -> None:
        """Tell why nothing is scheduled."""
        now = self._clock.now()
        await self.write(status.parked(image, park.reason, park.message, park.request, now, self._language))

    async def _sync(self, run: Run, image: Repository, sync: Sync) -> datetime | None:
        if self._ties.host_of(run.key.namespace, image.spec) != run.host:
            run.moved = True
            return None
        run.sync, run.before = sync, image.status
        started = self._clock.monotonic()
        if run.refused and sync.trigger != "manual":
            outcome = self._refusal(run.host)
        else:
            if sync.trigger in plan.ANNOUNCED:
                self.announce(run)
            outcome = await self._within_timeout(run, sync)
        # What is left is between us and the disk: the host's place is free for another.
        self._ties.answered(run)
        await self._fetcher.keep(outcome)
        return await self._conclude(run, sync, outcome, self._clock.monotonic() - started)

    def _refusal(self, host: str) -> Fetched:
        reason = self._hosts[host].reason
        said = unanswered.host(reason, host)
        text = Text(
            f"{said.zh}（连续连接失败，恢复后会自动同步）", f"{said.en} (again and again; syncs as soon as it is back)"
        )
        return Fetched(reason, reasons.advised(text, reasons.explain(reason).next_step))

    async def _within_timeout(self, run: Run, sync: Sync) -> Fetched:
        seconds = sync.timing.timeout.total_seconds()
        try:
            async with Deadline(self._alarm, seconds):
                return await self._attempts(run, sync, self._clock.monotonic() + seconds)
        except TimeoutError:
            # Not reported: whom it waited for is not known here. A host that does not answer is found out by the
            # limits of an exchange.
            return Fetched(Reason.Timeout, _overdue(run.host))
        except Exception:
            log.exception("sync_crashed", namespace=run.key.namespace, name=run.key.name)
            return Fetched(
                Reason.Interrupted,
                Text("服务内部错误，详见服务日志", "an internal error; the server's log has the details"),
            )

    async def _attempts(self, run: Run, sync: Sync, deadline: float) -> Fetched:
        """Try, and try again for what another try may mend, as long as the host is worth it."""
        tries = 0
        while True:
            tries += 1
            outcome = await self._attempt(run, thrifty=sync.trigger not in plan.ANNOUNCED)
            self._report(run.host, outcome)
            if outcome.spared or tries > sync.timing.retries or not reasons.explain(outcome.reason).again:
                return outcome
            delay = plan.retry_delay(tries, outcome.retry_after, self._jitter())
            if outcome.reason is Reason.RateLimited:
                delay = max(delay, self._hosts.pause_left(run.host, self._clock.monotonic()))
            if delay > min(plan.LONGEST_RETRY, deadline - self._clock.monotonic()) or self._hosts.is_open(run.host):
                return outcome
            await self._clock.sleep(delay)

    async def _attempt(self, run: Run, *, thrifty: bool) -> Fetched:
        image = run.image
        if image is None:
            raise RuntimeError("a sync without its image")
        resolved = await self._fetcher.resolve(run.key.namespace, image.spec)
        if isinstance(resolved, Unresolved):
            return Fetched(resolved.reason, resolved.message)
        fetched = await self._fetcher.fetch(resolved.source, image.spec, image.status.manifest, thrifty=thrifty)
        return await self._judge(image.spec, fetched) if fetched.unauthorized else fetched

    async def _judge(self, spec: RepositorySpec, fetched: Fetched) -> Fetched:
        """A 401 after sign-in: is the credential refused, or only this repository out of sight?"""
        probe = await self._ties.verify(spec.registry_ref.namespace, spec.registry_ref.name)
        if probe is None:
            return fetched
        if probe.success:
            reason = Reason.RepositoryNotFound
        elif probe.reason in REFUSALS:
            reason = Reason.CredentialRefused
        else:
            return fetched
        row = reasons.explain(reason)
        return fetched._replace(reason=reason, message=reasons.advised(row.text, row.next_step))

    def _report(self, host: str, outcome: Fetched) -> None:
        if outcome.spared:  # the host has answered, and limits nobody yet
            outcome = outcome._replace(reason=Reason.Synced)
        if host and reasons_of_the_host(outcome.reason):
            now = self._clock.monotonic()
            shift = self._hosts.report(
                host, outcome.reason, now, outcome.retry_after, outcome.quota, elsewhere=outcome.elsewhere
            )
            self._ties.reported(host, shift)

    async def _conclude(self, run: Run, sync: Sync, outcome: Fetched, seconds: float) -> datetime | None:
        """Write the outcome; when somebody else wrote meanwhile, onto what they wrote."""
        await self._marked(run)
        image = run.image
        if image is None or run.before is None:
            raise RuntimeError("an outcome without its image")
        outcome = self._placed(run.key.namespace, image.spec, outcome)
        jitter, now = self._jitter(), self._clock.now()
        for _ in range(RACES):
            conclude = status.spared if outcome.spared else status.finished
            after = conclude(image, sync, outcome, now, jitter, self._language)
            line = status.note(run.before, after.status, sync, outcome, timedelta(seconds=seconds))
            try:
                await self.write(after, line)
            except Conflict:
                fresh = await self.read(run.key)
                if _identity(fresh) != _identity(image):
                    run.moved = True
                    return None
                image = run.image = fresh
                continue
            run.image = None
            self._ties.finished(run, after, outcome, seconds)
            return after.status.next_sync
        run.moved = True
        return None

    def _placed(self, namespace: str, spec: RepositorySpec, outcome: Fetched) -> Fetched:
        """Where nothing was asked the outcome names its domain all the same, as long as its reference may be used."""
        if outcome.domain or outcome.reason in (Reason.RegistryNotFound, Reason.ReferenceNotPermitted):
            return outcome
        return outcome._replace(domain=self._ties.domain_of(namespace, spec))

    def announce(self, run: Run) -> None:
        """Show `Syncing`, beside the conversation: nobody has to wait for the disk to ask a registry."""
        if run.sync is not None and (run.marking is None or run.marking.done()):
            run.marking = self._ties.aside(self._mark(run))

    async def _mark(self, run: Run) -> None:
        """When the object has just changed, or cannot be written, the outcome will tell."""
        image, sync = run.image, run.sync
        if image is None or sync is None or image.status.sync_status == "Syncing":
            return
        with suppress(Failure):
            run.image = await self.write(status.syncing(image, sync, self._clock.now(), self._language))

    async def _marked(self, run: Run) -> None:
        if run.marking is not None:
            await asyncio.wait({run.marking})

    async def _hand_back(self, run: Run) -> None:
        """The image waits for the next start, due at once; should the write fail, its `nextSync` brings it back."""
        await self._marked(run)
        if run.image is None or run.image.status.sync_status != "Syncing":
            return
        try:
            await self.write(status.handed_back(run.image, self._clock.now(), self._language))
        except NotFound:
            return
        except Exception:
            log.warning("hand_back_failed", namespace=run.key.namespace, name=run.key.name)


def _overdue(host: str) -> Text:
    said = Text(
        f"同步未在 spec.syncTimeout 内完成（{host}）", f"the sync did not finish within spec.syncTimeout ({host})"
    )
    return reasons.advised(said, reasons.explain(Reason.Timeout).next_step)


def reasons_of_the_host(reason: Reason) -> bool:
    """Whether the outcome came from the registry host at all."""
    return reason not in (
        Reason.RegistryNotFound,
        Reason.ReferenceNotPermitted,
        Reason.CredentialRefused,
        Reason.Interrupted,
        Reason.InvalidSpec,
        Reason.EgressDenied,
    )


def _identity(image: Repository) -> tuple[str, int]:
    return image.metadata.uid, image.metadata.generation
