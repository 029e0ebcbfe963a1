"""Test a registry source: by request (stored or brought credential) and by the engine (stored, scheduled)."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from imageyard.domain.access import Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, Corrupt, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.objects import Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language, Text
from imageyard.keyring import Keyring
from imageyard.registry import Probe, Registry, Source, Told, untold
from imageyard.service import admission, candidate, credentials, events, happenings, sources, verdict
from imageyard.service.candidate import Candidate
from imageyard.service.credentials import Credentials
from imageyard.service.events import Record
from imageyard.service.objects import Document
from imageyard.service.rights import Grants, Rights, builtin
from imageyard.service.trials import Trials
from imageyard.service.turns import Turns
from imageyard.service.verdict import Trigger
from imageyard.store import Store

REVERIFY: Final = timedelta(minutes=30)
_TRIES: Final = 10
_KIND: Final = REGISTRY_SECRET
_RANDOM: Final = random.SystemRandom()


class Verifier:
    """`observe` is told every outcome; `jitter` answers from 0 to 1."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        registry: Registry,
        clock: Clock,
        *,
        trials: Trials,
        language: Language = "zh",
        grants: Grants = builtin,
        observe: Callable[[Probe], None] | None = None,
        reverify: timedelta = REVERIFY,
        jitter: Callable[[], float] = _RANDOM.random,
        record: Record = events.unrecorded,
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._language = language
        self._observe = observe
        self._record = record
        self._reverify = reverify
        self._jitter = jitter
        self._credentials = Credentials(store, keyring, registry.forget)
        self._rights = Rights(grants)
        self._trials = trials
        self._turns: Turns[Key, Probe] = Turns()

    async def by_request(self, actor: Actor, namespace: str, name: str, body: Document, told: Told = untold) -> Probe:
        """Test the stored credential, or what the body brings; the object shows the outcome of the stored one alone.
        `told` hears of each step as it ends, and nothing of another's test that was waited for.
        Raises Forbidden, NotFound, Invalid, TooManyRequests."""
        admission.refuse_all(_KIND, namespace)
        self._rights.demand(actor, "create", _KIND, namespace, name, "verify")
        asked = await self._candidate(actor, namespace, name, body)
        self._trials.take(actor)
        self._record(happenings.verify_requested(asked.secret))
        if not asked.stored:
            return await self._brought(asked.secret, body, told)
        for _ in range(_TRIES):
            probe = await self._stored(namespace, name, "manual", told)
            if probe is not None:
                return probe
            await self._store.get(_KIND, namespace, name)
        raise Conflict(_KIND.singular, name)

    async def stored(self, namespace: str, name: str) -> Probe | None:
        """Test the stored credential and write the outcome to the object (annotations, condition, note).
        One at a time per object. None when the object or its credential changed meanwhile or is gone."""
        return await self._stored(namespace, name, "schedule")

    def let_go(self, namespace: str, name: str) -> None:
        """Let go of the credential of a source that is gone."""
        self._credentials.let_go(namespace, name)

    async def _candidate(self, actor: Actor, namespace: str, name: str, body: Document) -> Candidate:
        try:
            stored = await self._store.get(_KIND, namespace, name)
        except NotFound:
            if not body.keys() >= candidate.BROUGHT:
                raise candidate.absent(name, body) from None
            self._rights.demand(actor, "create", _KIND, namespace)
            return candidate.alone(namespace, name, body)
        held: RegistrySecret = _KIND.decode(stored.body)
        asked = candidate.over(held, body)
        return asked._replace(secret=replace(asked.secret, metadata=held.metadata))

    async def _brought(self, secret: RegistrySecret, body: Document, told: Told) -> Probe:
        """Test what the body brought; nothing of it is stored."""
        meta = secret.metadata
        async with self._turns.take(Key(_KIND.plural, meta.namespace, meta.name)) as turn:
            turn.left = None
            password = credentials.given(secret)
            if password is not None:
                return await self._probe(credentials.source_of(secret, password, ""), told)
            try:
                opened = await self._credentials.open(meta.namespace, meta.name)
            except Corrupt:
                return self._observed(_UNREADABLE)
            # Laid over again what was read together with that password, in case the source moved meanwhile.
            secret = candidate.over(opened.secret, body).secret
            return await self._probe(credentials.source_of(secret, opened.source.password, ""), told)

    async def _stored(self, namespace: str, name: str, trigger: Trigger, told: Told = untold) -> Probe | None:
        async with self._turns.take(Key(_KIND.plural, namespace, name)) as turn:
            # Who waited for another's test of the same credential has its answer.
            turn.left = turn.left or await self._tested(namespace, name, trigger, told)
            return turn.left

    async def _tested(self, namespace: str, name: str, trigger: Trigger, told: Told) -> Probe | None:
        began = self._clock.monotonic()
        try:
            opened = await self._credentials.open(namespace, name)
            secret, probe = opened.secret, await self._probe(opened.source, told)
            if probe.success and (trigger == "manual" or not sources.is_verified(secret)):
                # Logins that were refused before are worth another try.
                self._registry.forget(opened.source.credential)
        except Corrupt:
            probe = self._observed(_UNREADABLE)
            secret = _KIND.decode((await self._store.get(_KIND, namespace, name)).body)
        except NotFound:
            return None
        took = timedelta(seconds=self._clock.monotonic() - began)
        return probe if await self._write(secret, probe, trigger, took) else None

    async def _write(self, tested: RegistrySecret, probe: Probe, trigger: Trigger, took: timedelta) -> bool:
        """False when the object is not any more what was tested."""
        namespace, name = tested.metadata.namespace, tested.metadata.name
        jitter = self._jitter()
        with suppress(NotFound):
            for _ in range(_TRIES):
                held: RegistrySecret = _KIND.decode((await self._store.get(_KIND, namespace, name)).body)
                if _version(held) != _version(tested):
                    return False
                now = self._clock.now()
                outcome = verdict.applied(held, probe, self._language, self._reverify, jitter, now)
                with suppress(Conflict):
                    note = verdict.note(probe, trigger, self._language, took, now)
                    await self._store.replace(_KIND, outcome, note=note)
                    self._record(happenings.verified(held, probe))
                    return True
        return False

    async def _probe(self, source: Source, told: Told) -> Probe:
        return self._observed(await self._registry.probe(source, told))

    def _observed(self, probe: Probe) -> Probe:
        if self._observe is not None:
            self._observe(probe)
        return probe


_UNREADABLE: Final = Probe(
    False,
    Reason.InvalidSpec,
    Text(f"连接失败：{credentials.UNREADABLE.zh}", f"connection failed: {credentials.UNREADABLE.en}"),
    (),
)


def _version(secret: RegistrySecret) -> tuple[str, int]:
    return secret.metadata.uid, secret.metadata.generation
