"""Scripted neighbours of the engine that speak the service's signatures, and a world that holds them together."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from imageyard.domain import conditions
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Unavailable
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import (
    VERIFY_STATUS,
    VERIFY_TIMESTAMP,
    RegistrySecret,
    RegistrySecretSpec,
    RegistrySecretStatus,
)
from imageyard.domain.kinds.repository import (
    SYNC_REQUEST,
    Manifest,
    RegistryRef,
    Repository,
    RepositorySpec,
)
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.metrics import Metrics
from imageyard.registry import Head, Inspection, Lookup, Probe, Source, Told, untold
from imageyard.service import images
from imageyard.service.fetch import Fetched, Resolved, Unresolved
from imageyard.service.happenings import Happening
from imageyard.store import Store
from imageyard.sync.engine import Engine, EngineSettings
from tests.fakes.clock import FakeClock, settle

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
SETTINGS = EngineSettings(per_host=6, total=128)
WORDS = Text("原因", "because")


def good(digest: str = DIGEST, *, unchanged: bool = False) -> Fetched:
    manifest = Manifest(digest=digest, architecture="amd64", os="linux", size="1MB", size_bytes=1_000_000)
    return Fetched(Reason.Synced, WORDS, domain="r.example.com", manifest=manifest, unchanged=unchanged)


def bad(reason: Reason, *, retry_after: float | None = None, unauthorized: bool = False) -> Fetched:
    return Fetched(reason, WORDS, domain="r.example.com", retry_after=retry_after, unauthorized=unauthorized)


@dataclass
class Registries:
    """Every registry in the world: answers by host, counts what was asked."""

    clock: Clock
    answer: Callable[[str, RepositorySpec], Fetched] = lambda host, spec: good()
    delay: Callable[[str], float] = lambda host: 0.0
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    now_at: Counter[str] = field(default_factory=Counter)
    most_at: Counter[str] = field(default_factory=Counter)
    now_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    most_on: Counter[tuple[str, str]] = field(default_factory=Counter)
    probed: Counter[str] = field(default_factory=Counter)
    denied: dict[str, Unresolved] = field(default_factory=dict)

    # The Fetcher's side.

    async def resolve(self, namespace: str, spec: RepositorySpec) -> Resolved | Unresolved:
        name = spec.registry_ref.name
        for denied in (name, f"{namespace}/{name}"):
            if denied in self.denied:
                return self.denied[denied]
        domain = f"{name}.example.com"
        return Resolved(Source(domain, "other", "u", Secret("p"), "c"), "uid", 1)

    async def fetch(
        self, source: Source, spec: RepositorySpec, held: Manifest | None, *, thrifty: bool = False
    ) -> Fetched:
        host, image = source.domain, (source.domain, spec.repository)
        self.asked[image] += 1
        self.times[spec.repository].append(self.clock.monotonic())
        for counter, most, key in ((self.now_at, self.most_at, host), (self.now_on, self.most_on, image)):
            counter[key] += 1  # type: ignore[index]
            most[key] = max(most[key], counter[key])  # type: ignore[index]
        try:
            if self.delay(host):
                await self.clock.sleep(self.delay(host))
            answer = self.answer(host, spec)
        finally:
            self.now_at[host] -= 1
            self.now_on[image] -= 1
        if answer.spared and not thrifty:
            answer = good(OTHER)
        if answer.manifest is not None and held is not None and held.digest == answer.manifest.digest:
            return answer._replace(unchanged=True)
        return answer

    async def keep(self, fetched: Fetched) -> None:
        """It reads no documents."""

    # The Registry's side.

    def let_go(self, namespace: str, name: str) -> None: ...

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        self.probed[source.domain] += 1
        reason = self.answer(source.domain, spec_of("probe", "probe")).reason
        return Probe(reason is Reason.Synced, Reason.Verified if reason is Reason.Synced else reason, WORDS, ())

    def host(self, source: Source) -> str:
        return source.domain

    def scope(self, source: Source, repository: str) -> str:
        return f"{source.domain}/{repository}"

    def forget(self, credential: str) -> None: ...

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        raise NotImplementedError

    async def inspect(
        self, source: Source, repository: str, tag: str, head: Head, *, platform: str, lookup: Lookup
    ) -> Inspection:
        raise NotImplementedError


@dataclass
class Verifications:
    """The Verifier: writes its verdict to the stored source, as the real one does."""

    store: Store
    clock: Clock
    verdict: Probe = field(default_factory=lambda: Probe(True, Reason.Verified, WORDS, ()))
    asked: Counter[str] = field(default_factory=Counter)
    outstanding: int = 0
    """Outcomes on their way to the store."""

    def let_go(self, namespace: str, name: str) -> None: ...

    async def stored(self, namespace: str, name: str) -> Probe | None:
        self.asked[name] += 1
        self.outstanding += 1
        try:
            while True:
                # The engine writes sources too: what it told of a host in between is read again.
                with suppress(Conflict):
                    return await self._tested(namespace, name)
        finally:
            self.outstanding -= 1

    async def _tested(self, namespace: str, name: str) -> Probe:
        source: RegistrySecret = REGISTRY_SECRET.decode((await self.store.get(REGISTRY_SECRET, namespace, name)).body)
        source.metadata.annotations[VERIFY_STATUS] = "success" if self.verdict.success else "failed"
        source.metadata.annotations[VERIFY_TIMESTAMP] = str(int(self.clock.now().timestamp() * 1000))
        verdict = self.verdict
        source.status.conditions = conditions.put(
            source.status.conditions,
            "Verified",
            "True" if verdict.success else "False",
            verdict.reason,
            "",
            source.metadata.generation,
            self.clock.now(),
        )
        source.status.failures = 0 if verdict.success else source.status.failures + 1
        source.status.next_verify = self.clock.now() + timedelta(minutes=30)
        await self.store.replace(REGISTRY_SECRET, source)
        return self.verdict


def spec_of(name: str, source: str, **fields: Any) -> RepositorySpec:
    return RepositorySpec(repository=name, tag="latest", registry_ref=RegistryRef(source, "default"), **fields)


class Line:
    """The engine's way to its store: tells whether answers are outstanding, and can be cut, full, or slow."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.outstanding = 0
        self.cut = False
        self.full = False
        self.open = asyncio.Event()
        """Writes wait for it."""
        self.open.set()
        self.prompt = asyncio.Event()
        """Answers of the due index wait for it."""
        self.prompt.set()
        self.writes: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._store, name)
        if name == "watch":
            return target

        async def call(*args: Any, **kwargs: Any) -> Any:
            if self.cut:
                raise ConnectionError("the process is gone")
            if name == "replace":
                await self.open.wait()
                if self.full:
                    raise Unavailable(WORDS)
                self.writes[args[1].metadata.name] += 1
            self.outstanding += 1
            try:
                answer = await target(*args, **kwargs)
            finally:
                self.outstanding -= 1
            if name == "due":
                await self.prompt.wait()
            return answer

        return call


@dataclass
class World:
    """A store, the registries around it, a clock, and one engine at a time."""

    store: Store
    clock: FakeClock
    registries: Registries
    verifications: Verifications
    settings: EngineSettings
    random: Callable[[], float] = lambda: 0.5
    engine: Engine = field(init=False)
    line: Line = field(init=False)
    metrics: Metrics = field(init=False)
    task: asyncio.Task[None] | None = None
    happened: list[Happening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.engine = self.make()

    def make(self) -> Engine:
        self.line, self.metrics = Line(self.store), Metrics()
        return Engine(
            self.line,
            self.registries,
            self.verifications,
            self.registries,
            self.clock,
            self.metrics,
            language="en",
            settings=self.settings,
            random=self.random,
            record=self.happened.extend,
        )

    async def start(self) -> None:
        self.engine = self.make()
        self.task = asyncio.create_task(self.engine.run())
        await self.pass_time(0.1)
        assert self.engine.ready

    async def crash(self) -> None:
        """Stop at once: nothing is handed back any more, as when the process is killed."""
        task, self.task = self.task, None
        self.line.cut = True
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def end(self) -> None:
        task, self.task = self.task, None
        if task is not None:
            await self.engine.stop(10)
            await asyncio.wait({task})
            if not task.cancelled() and task.exception():
                raise AssertionError("the engine crashed") from task.exception()

    async def pass_time(self, seconds: float, step: float = 0.0) -> None:
        """Let time pass; the store's threads get real moments to answer."""
        target = self.clock.monotonic() + seconds
        while True:
            await self.drain()
            left = target - self.clock.monotonic()
            if left <= 0:
                break
            await self.clock.advance(min(left, step or self._until_next(left)))
        await self.drain()

    async def drain(self) -> None:
        """Let everything run that can run; an answer that the store's threads owe is waited for."""
        quiet = 0
        while quiet < 3:
            await settle(10)
            owed = self.line.outstanding + self.verifications.outstanding
            quiet = 0 if owed else quiet + 1
            if owed:
                await asyncio.sleep(0.0005)

    def _until_next(self, left: float) -> float:
        sleepers = self.clock._sleepers
        pending = [at for at, _, future in sleepers if not future.done()]
        return min(max(min(pending, default=left) - self.clock.monotonic(), 0.001), left) if pending else left

    async def add_source(self, name: str, *, verified: bool = True) -> None:
        source = RegistrySecret(
            api_version=REGISTRY_SECRET.api_version,
            kind="RegistrySecret",
            metadata=self._meta(name, {VERIFY_STATUS: "success"} if verified else {}),
            spec=RegistrySecretSpec(domain=f"{name}.example.com", username="u", provider="other"),
            status=RegistrySecretStatus(next_verify=self.clock.now() + timedelta(days=10) if verified else None),
        )
        await self.store.create(REGISTRY_SECRET, source)

    async def add(self, name: str, source: str = "hub", namespace: str = "default", **fields: Any) -> None:
        image = Repository(
            api_version=REPOSITORY.api_version,
            kind="Repository",
            metadata=self._meta(name, {}, namespace),
            spec=spec_of(fields.pop("repository", name), source, **fields),
        )
        await self.store.create(REPOSITORY, images.created(image, self.clock.now()))

    def _meta(self, name: str, annotations: dict[str, str], namespace: str = "default") -> ObjectMeta:
        return ObjectMeta(
            name=name,
            namespace=namespace,
            uid=str(uuid4()),
            generation=1,
            creation_timestamp=self.clock.now(),
            annotations=annotations,
        )

    async def get(self, name: str, namespace: str = "default") -> Repository:
        image: Repository = REPOSITORY.decode((await self.store.get(REPOSITORY, namespace, name)).body)
        return image

    async def source(self, name: str) -> RegistrySecret:
        source: RegistrySecret = REGISTRY_SECRET.decode((await self.store.get(REGISTRY_SECRET, "default", name)).body)
        return source

    async def change(self, name: str, act: Callable[[Repository], None], *, spec: bool = False) -> None:
        old, image = await self.get(name), await self.get(name)
        act(image)
        if spec:
            image.metadata.generation += 1
            image = images.changed(image, old, self.clock.now())
        await self.store.replace(REPOSITORY, image)

    async def request(self, name: str, value: str) -> None:
        await self.change(name, lambda image: image.metadata.annotations.update({SYNC_REQUEST: value}))

    async def request_patiently(self, name: str, value: str) -> None:
        """Ask again when the engine wrote in between, as the service does."""
        while True:
            try:
                return await self.request(name, value)
            except Conflict:
                await settle(1)

    async def grant(self, name: str, *namespaces: str) -> None:
        """Change a source's spec: let these namespaces in, and no others."""
        source = await self.source(name)
        source.spec.allowed_namespaces = [*namespaces]
        source.metadata.generation += 1
        await self.store.replace(REGISTRY_SECRET, source)

    async def remove(self, name: str) -> None:
        await self.store.delete(REPOSITORY, "default", name)

    async def notes(self, name: str) -> list[bytes]:
        return list(await self.store.notes((await self.get(name)).metadata.uid, "sync", 50))


@asynccontextmanager
async def world(store: Store, clock: FakeClock, settings: EngineSettings | None = None) -> AsyncIterator[World]:
    made = World(store, clock, Registries(clock), Verifications(store, clock), settings or SETTINGS)
    await made.add_source("hub")
    try:
        yield made
    finally:
        await made.end()
