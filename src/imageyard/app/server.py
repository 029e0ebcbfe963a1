"""One server from one Settings: opens what there is to open, starts the tasks, and closes it all in reverse."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from types import MappingProxyType
from typing import Final, NamedTuple

import structlog

from imageyard import __version__
from imageyard.app import (
    audit_log,
    certificates,
    client_certificates,
    files,
    filesystem,
    installation,
    issuer,
    keysources,
    kubeconfig,
    listeners,
    privacy,
    samples,
    sealing,
)
from imageyard.app.audit_file import AuditFile
from imageyard.app.audit_log import AuditLog
from imageyard.app.audit_reader import AuditReader
from imageyard.app.certificates import Certificates
from imageyard.app.clock import SystemClock
from imageyard.app.failures import FailureCollector
from imageyard.app.files import DataDir, Ports
from imageyard.app.listeners import Bound
from imageyard.app.rotation import Rotation
from imageyard.domain.errors import Failure
from imageyard.domain.kinds import EVENT, KINDS
from imageyard.domain.secret import Secret
from imageyard.egress.client import EgressClient
from imageyard.egress.listeners import Listeners
from imageyard.egress.policy import Policy
from imageyard.egress.proxy import Direct, Proxy
from imageyard.keyring import keyfile
from imageyard.keyring.aead import AeadKeyring
from imageyard.keyring.keys import KeySource
from imageyard.metrics import Metrics
from imageyard.registry import Probe
from imageyard.registry.client import RegistryClient
from imageyard.service import builtin_roles
from imageyard.service.audit import Audit
from imageyard.service.dampened import Dampened
from imageyard.service.events import Recorder
from imageyard.service.fetch import Fetcher
from imageyard.service.manifests import Manifests
from imageyard.service.objects import Objects, new_uid
from imageyard.service.oidc import Oidc
from imageyard.service.quota import Quota
from imageyard.service.requests import SyncRequests
from imageyard.service.roles import Roles
from imageyard.service.tokens import Tokens
from imageyard.service.trials import Trials
from imageyard.service.verify import Verifier
from imageyard.settings import InvalidSettings, Settings
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.sync.engine import Engine
from imageyard.sync.settings import EngineSettings
from imageyard.web import app as web
from imageyard.web.installation import Installation
from imageyard.web.limits import Limits

log = structlog.get_logger()
ENGINE_GRACE: Final = 10.0
"""Seconds that running syncs have to be handed back after SIGTERM."""


PATIENCE: Final = 0.015
"""Seconds for which outcomes of syncs wait for each other before they go to the disk; below the pause after which the
store keeps house."""


class Server:
    """A server that runs: where it is reached and what it consists of."""

    def __init__(self, directory: DataDir, ports: Ports, url: str, sample: str | None) -> None:
        self.directory = directory
        self.ports = ports
        self.url = url
        """Where a person on this machine reaches it."""
        self.plain = ports.http is not None
        """Whether that is plain HTTP; HTTPS is offered always, under this server's own CA."""
        self.sample = sample
        """host:port of the sample registry, None without one."""


class Parts(NamedTuple):
    """What a server consists of below its doors."""

    directory: DataDir
    store: SQLiteStore
    keyring: AeadKeyring
    keys: Rotation
    objects: Objects
    fetcher: Fetcher
    verifier: Verifier
    trials: Trials
    tokens: Tokens
    oidc: Oidc | None
    roles: Roles
    engine: Engine
    events: Recorder
    audit: AuditLog
    metrics: Metrics
    clock: SystemClock


@asynccontextmanager
async def running(
    settings: Settings,
    outward: Callable[..., EgressClient] = EgressClient,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Server]:
    """Run a server for as long as the block runs; `outward` makes the gate that all its outbound bytes pass, `origins`
    tells by name where settings came from.
    Raises OSError, Locked, Corrupt, KeyringError, InvalidSettings."""
    directory = DataDir(settings.data_dir)
    directory.make()
    directory.refuse_emptied()
    privacy.tighten(directory)
    _warn_of_network(directory)
    async with AsyncExitStack() as stack:
        clock, metrics = SystemClock(), Metrics()
        # The lock before the ports: a second server on this directory should hear of the first, not of its ports.
        store = await stack.enter_async_context(
            SQLiteStore.open(
                directory.path,
                KINDS,
                now=clock.now,
                observe_commit=metrics.commit_seconds.observe,
                patience=PATIENCE,
            )
        )
        bound = _bind(settings)
        stack.callback(bound.close)
        source = keysources.of(settings)
        keyring = await sealing.keyring(store, source)
        _warn_of_keys(directory, source)
        sample = await samples.registry(stack, directory) if settings.sample else None
        policy = _policy(settings, bound, sample)
        roots = issuer.roots("registry_ca", settings.registry_ca)
        gate = await stack.enter_async_context(outward(policy, roots=roots, proxy=_proxy(settings)))
        audit = await stack.enter_async_context(_audit(settings, directory, metrics))
        keys = Rotation(store, keyring, source)
        parts = _parts(settings, directory, store, keyring, keys, gate, audit, metrics, clock)
        admin = await _prepare(parts, sample)
        ports = Ports(listeners.port_of(bound.http) if bound.http else None, listeners.port_of(bound.https))
        issued = _certificates(settings, parts, ports, admin)
        known = installation.of(settings, origins, directory, ports.https, clock, gate, parts.trials)
        async with _working(settings, parts, bound, issued, known):
            with files.announced(directory, ports):
                log.info("started", http=ports.http, https=ports.https, version=__version__)
                yield Server(directory, ports, _url(settings, ports), sample.address if sample else None)


def _parts(
    settings: Settings,
    directory: DataDir,
    store: SQLiteStore,
    keyring: AeadKeyring,
    keys: Rotation,
    gate: EgressClient,
    audit: AuditLog,
    metrics: Metrics,
    clock: SystemClock,
) -> Parts:
    registry = RegistryClient(gate, clock, observe=lambda code: metrics.registry_requests.labels(code).inc())
    roles = Roles(store, clock)
    events = Recorder(
        store,
        clock,
        language=settings.language,
        entered=lambda namespace: objects.entered(EVENT, namespace),
        uid=new_uid,
    )
    objects = Objects(
        store,
        keyring,
        clock,
        grants=roles.grants,
        role_rules=roles.rules,
        auto_create_namespaces=settings.auto_create_namespaces,
        language=settings.language,
        record=events.record,
        quota=Quota(settings.quota_objects, settings.quota_mib),
    )
    fetcher, trials = Fetcher(store, keyring, registry), Trials(clock)
    verifier = Verifier(
        store,
        keyring,
        registry,
        clock,
        trials=trials,
        language=settings.language,
        grants=roles.grants,
        observe=lambda probe: metrics.verifies.labels(_result(probe), probe.reason).inc(),
        reverify=settings.verify_interval,
        record=events.record,
    )
    engine = Engine(
        store,
        fetcher,
        verifier,
        registry,
        clock,
        metrics,
        language=settings.language,
        settings=EngineSettings(per_host=settings.sync_per_host, total=settings.sync_total),
        record=events.record,
    )
    metrics.build.labels(__version__).set(1)
    metrics.registry.register(FailureCollector(engine))
    tokens, oidc = Tokens(store, clock), issuer.oidc(settings, gate, clock, metrics)
    return Parts(
        directory,
        store,
        keyring,
        keys,
        objects,
        fetcher,
        verifier,
        trials,
        tokens,
        oidc,
        roles,
        engine,
        events,
        audit,
        metrics,
        clock,
    )


async def _prepare(parts: Parts, sample: samples.Sample | None) -> Secret:
    """What must be there before the first request; answers the operator's token."""
    admin = files.admin_token(parts.directory)
    await parts.tokens.load()
    await parts.tokens.ensure_admin(admin)
    await builtin_roles.ensure(parts.store, parts.clock)
    await parts.roles.load()
    await parts.objects.ensure_default()
    if sample:
        await samples.objects(parts.objects, sample)
    return admin


def _certificates(settings: Settings, parts: Parts, ports: Ports, admin: Secret) -> Certificates:
    """The certificates of the HTTPS listener, and the kubeconfig that trusts them."""
    issued = Certificates(parts.directory.tls)
    issued.ensure(certificates.server_names(settings.host, settings.tls_san), parts.clock.now())
    user = kubeconfig.by_token(admin)
    config = kubeconfig.complete(_secure_url(settings, ports), issued.ca.read_bytes(), "admin", user)
    files.write_private(parts.directory.kubeconfig, config)
    return issued


@asynccontextmanager
async def _working(
    settings: Settings, parts: Parts, bound: Bound, issued: Certificates, known: Installation
) -> AsyncIterator[None]:
    """Doors open and tasks running; at the end not ready first, then syncs handed back, then requests finished."""
    health = Health(parts.store, parts.keyring, parts.engine, parts.tokens, parts.audit)
    stopping = asyncio.Event()
    audit = Dampened(parts.audit, parts.clock)
    app = web.build(replace(_doors(settings, parts, issued, health, audit, stopping), installation=known))
    async with asyncio.TaskGroup() as tasks:
        owned: tuple[asyncio.Task[None], ...] = (
            tasks.create_task(parts.engine.run(), name="sync-engine"),
            tasks.create_task(parts.tokens.watch(), name="token-watch"),
            tasks.create_task(parts.roles.watch(), name="role-watch"),
            tasks.create_task(parts.events.run(), name="events"),
            tasks.create_task(audit.run(), name="audit-counts"),
            tasks.create_task(_sweep(parts.store, parts.tokens, parts.clock), name="sweep"),
        )
        if parts.oidc is not None:
            owned += (tasks.create_task(parts.oidc.keys.run(), name="oidc-keys"),)
        clients = issued.ca if settings.client_certificates else None
        async with listeners.serving(app, bound, issued.server, issued.server_key, clients, settings.language):
            checking = tasks.create_task(_look_for_damage(parts.store, health), name="integrity")
            resealing = tasks.create_task(_finish_rotation(parts.keys), name="key-rotation")
            preparing = tasks.create_task(asyncio.to_thread(web.prepare), name="console-templates")
            try:
                yield
            finally:
                health.stopping = True
                stopping.set()
                log.info("stopping")
                await parts.engine.stop(ENGINE_GRACE)
        for task in (*owned, checking, resealing, preparing):
            task.cancel()


def _audit(settings: Settings, directory: DataDir, metrics: Metrics) -> AbstractAsyncContextManager[AuditLog]:
    return audit_log.opened(
        AuditFile(directory.audit, settings.audit_max_size * 1024 * 1024, settings.audit_keep),
        AuditReader(directory.audit),
        strict=settings.audit_strict,
        failed=metrics.audit_errors.inc,
    )


def _doors(
    settings: Settings, parts: Parts, issued: Certificates, health: "Health", audit: Audit, stopping: asyncio.Event
) -> web.Doors:
    signing = client_certificates.of(parts.tokens, issued, parts.clock)
    return web.Doors(
        objects=parts.objects,
        verifier=parts.verifier,
        sync_requests=SyncRequests(
            parts.store,
            parts.clock,
            parts.fetcher,
            objects=parts.objects,
            trials=parts.trials,
            language=settings.language,
            record=parts.events.record,
        ),
        manifests=Manifests(parts.store, parts.fetcher, parts.objects),
        tokens=parts.tokens,
        metrics=parts.metrics,
        clock=parts.clock,
        keys=parts.keys,
        ready=health.checks,
        stopping=stopping,
        audit=audit,
        version=__version__,
        console_language=settings.language,
        limits=_limits(settings),
        trusted_proxies=settings.trusted_proxy,
        allowed_hosts=_allowed_hosts(_names(settings)),
        oidc=parts.oidc,
        certificates=signing if settings.client_certificates else None,
        ca=issued.ca.read_bytes(),
    )


def _limits(settings: Settings) -> Limits:
    return Limits(
        reads=settings.max_reads_in_flight,
        writes=settings.max_writes_in_flight,
        watches=settings.max_watches,
        watches_per_user=settings.max_watches_per_user,
    )


def _result(probe: Probe) -> str:
    return "success" if probe.success else "failed"


class Health:
    """The named checks of /readyz. A registry that is down never makes this server unready."""

    def __init__(
        self, store: SQLiteStore, keyring: AeadKeyring, engine: Engine, tokens: Tokens, audit: AuditLog
    ) -> None:
        self._audit = audit
        self._store = store
        self._keyring = keyring
        self._engine = engine
        self._tokens = tokens
        self.stopping = False
        self.damaged = False
        """Whether the database file was found damaged after an unclean stop."""

    def checks(self) -> Mapping[str, bool]:
        engine = self._engine.health()
        return {
            "ping": True,
            "shutdown": not self.stopping,
            "storage-read": self._store.readable,
            "storage-write": self._store.writable,
            "storage-integrity": not self.damaged,
            "keys": self._keyring.works,
            # In the other mode a trail that cannot be written keeps nobody from working; a metric tells of it.
            **({"audit": self._audit.writable} if self._audit.strict else {}),
            **engine,
            "watch-cache": engine["watch-cache"] and self._tokens.watching,
        }


async def _look_for_damage(store: SQLiteStore, health: Health) -> None:
    """After an unclean stop, read the whole file; beside serving, since it takes as long as the file is large."""
    if not store.left_open:
        return
    with contextlib.suppress(Failure):  # the storage is unwell or closing; other checks tell
        found = await store.damage()
        health.damaged = bool(found)
        if found:
            log.error("database_damaged", file=str(store.file), found=found, remedy="restore a backup")
        else:
            log.info("database_checked", file=str(store.file))


async def _finish_rotation(keys: Rotation) -> None:
    with contextlib.suppress(Failure):  # the storage is unwell or closing; the next start takes it up
        await keys.finish()


async def _sweep(store: SQLiteStore, tokens: Tokens, clock: SystemClock) -> None:
    """Drop what nobody names any more, now and then."""
    while True:
        await clock.sleep(timedelta(minutes=10).total_seconds())
        with contextlib.suppress(Failure):  # the storage is unwell; /readyz tells, and it is tried again
            await store.sweep(clock.now())
            await tokens.sweep()


def _warn_of_network(directory: DataDir) -> None:
    with contextlib.suppress(OSError):  # not Linux
        kind = filesystem.network(directory.path, filesystem.MOUNTS.read_text(errors="replace"))
        if kind:
            log.warning(
                "data_dir_on_network", path=str(directory.path), filesystem=kind, remedy="move it to a local disk"
            )


def _warn_of_keys(directory: DataDir, source: KeySource) -> None:
    """Keys were moved away so that none is on this disk."""
    left = keyfile.present(directory.keys)
    if left and source.name != "file":
        log.warning("keys_left_behind", path=str(directory.keys), count=len(left), remedy="delete them when unused")


def _bind(settings: Settings) -> Bound:
    plain = settings.insecure_http or listeners.is_loopback(settings.host)
    if plain and settings.port == settings.tls_port != 0:
        raise InvalidSettings(f"--port and --tls-port are both {settings.port}; plain HTTP and HTTPS need one each")
    return listeners.bind(settings.host, settings.port, settings.tls_port, plain=plain)


def _policy(settings: Settings, bound: Bound, sample: samples.Sample | None) -> Policy:
    own = Listeners(names=_names(settings))
    for sock in bound:
        if sock is not None:
            own.add(*sock.getsockname()[:2])
    opened = {(ip_address(sample.host), sample.port)} if sample else set()
    return Policy(
        allow=settings.egress_allow,
        deny_private=settings.egress_private == "deny",
        open_endpoints=frozenset(opened),
        own_listeners=own,
    )


def _proxy(settings: Settings) -> Proxy | None:
    if settings.egress_proxy is None:
        return None
    address = settings.egress_proxy
    return Proxy(address.host, address.port, Secret(address.login), Direct.of(settings.egress_no_proxy))


def _names(settings: Settings) -> list[str]:
    """Whatever callers may call this server."""
    return [*certificates.server_names(settings.host, settings.tls_san), *settings.public_host]


def _allowed_hosts(names: list[str]) -> Callable[[str], bool]:
    allowed = {name.lower() for name in names}

    def allows(host: str) -> bool:
        """`host` comes without a port, brackets and case."""
        return host in allowed or listeners.is_loopback(host)

    return allows


def _reachable(settings: Settings) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "", "localhost") else settings.host  # noqa: S104 - compared
    host = "::1" if host == "::" else host
    return f"[{host}]" if ":" in host else host


def _secure_url(settings: Settings, ports: Ports) -> str:
    return f"https://{_reachable(settings)}:{ports.https}"


def _url(settings: Settings, ports: Ports) -> str:
    return f"http://{_reachable(settings)}:{ports.http}" if ports.http else _secure_url(settings, ports)
