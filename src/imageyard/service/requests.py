"""Ask for a sync: a write to the object, seen by the engine; never a call into a worker."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from imageyard.domain import duration, reasons
from imageyard.domain import objects as shapes
from imageyard.domain.access import Actor
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Conflict, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository, RepositorySpec, RepositoryStatus
from imageyard.domain.objects import Key
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language
from imageyard.service import admission, events, happenings, sources
from imageyard.service.events import Record
from imageyard.service.fetch import Fetched, Fetcher, Unresolved
from imageyard.service.objects import Document, Objects
from imageyard.service.trials import Trials
from imageyard.service.turns import Turns
from imageyard.store import Store

PREVIEW_TIMEOUT: Final = timedelta(minutes=1)
"""Somebody waits for the answer with a connection open, whatever syncTimeout says."""
_TRIES: Final = 10
_STAMP: Final = "%Y-%m-%dT%H:%M:%S.%fZ"


class SyncRequests:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        fetcher: Fetcher,
        *,
        objects: Objects,
        trials: Trials,
        language: Language = "zh",
        record: Record = events.unrecorded,
    ) -> None:
        self._store = store
        self._clock = clock
        self._fetcher = fetcher
        self._rights = objects.rights
        self._trials = trials
        self._language = language
        self._record = record
        self._turns: Turns[Key, None] = Turns()

    async def sync(self, actor: Actor, namespace: str, name: str) -> bool:
        """Set the manual-sync annotation to a new value. False when a 429 pause of the host makes it wait."""
        admission.refuse_all(REPOSITORY, namespace)
        self._rights.demand(actor, "create", REPOSITORY, namespace, name, "sync")
        async with self._turns.take(Key(REPOSITORY.plural, namespace, name)):
            image = await self._request(namespace, name)
        self._record(happenings.sync_requested(image))
        return not await self._pauses(namespace, image.spec)

    async def preview(self, actor: Actor, namespace: str, name: str, document: Document) -> Mapping[str, Any]:
        """ "Test fetch": the would-be `status` of a spec, nothing stored. The document is a Repository or a bare
        spec. Raises Invalid as a create does, TooManyRequests."""
        admission.refuse_all(REPOSITORY, namespace)
        self._rights.demand(actor, "create", REPOSITORY, namespace, name, "sync")
        parsed = admission.parse(REPOSITORY, namespace, name, _named(document, name), None, admission.REST)
        self._trials.take(actor)
        return self._status(await self._look(namespace, parsed.obj.spec))

    async def _request(self, namespace: str, name: str) -> Repository:
        for _ in range(_TRIES):
            stored = await self._store.get(REPOSITORY, namespace, name)
            image: Repository = REPOSITORY.decode(stored.body)
            asked = _stamp(image.metadata.annotations.get(SYNC_REQUEST, ""), self._clock.now())
            annotations = {**image.metadata.annotations, SYNC_REQUEST: asked}
            image = replace(image, metadata=replace(image.metadata, annotations=annotations))
            with suppress(Conflict):
                await self._store.replace(REPOSITORY, image)
                return image
        raise Conflict(REPOSITORY.singular, name)

    async def _pauses(self, namespace: str, spec: RepositorySpec) -> bool:
        """How the host of a source fares is told to those whom it lets in, and to nobody else."""
        ref = spec.registry_ref
        try:
            stored = await self._store.get(REGISTRY_SECRET, ref.namespace, ref.name)
        except NotFound:
            return False
        source: RegistrySecret = REGISTRY_SECRET.decode(stored.body)
        host = source.status.host if sources.lets_in(source, namespace) else None
        return host is not None and host.state == "paused"

    async def _look(self, namespace: str, spec: RepositorySpec) -> Fetched:
        resolved = await self._fetcher.resolve(namespace, spec)
        if isinstance(resolved, Unresolved):
            return Fetched(resolved.reason, resolved.message)
        limit = min(duration.parse(spec.sync_timeout), PREVIEW_TIMEOUT)
        try:
            async with asyncio.timeout(limit.total_seconds()):
                fetched = await self._fetcher.fetch(resolved.source, spec, None)
        except TimeoutError:
            return Fetched(Reason.Timeout, reasons.explain(Reason.Timeout).text, resolved.source.domain)
        if fetched.unauthorized and resolved.verified:
            # The credential is good: it is this repository that is missing, or out of the account's sight.
            words = reasons.explain(Reason.RepositoryNotFound).text
            return fetched._replace(reason=Reason.RepositoryNotFound, message=words)
        return fetched

    def _status(self, fetched: Fetched) -> Mapping[str, Any]:
        now = shapes.seconds(self._clock.now())
        status = RepositoryStatus(
            sync_status="Failed" if fetched.manifest is None else "Success",
            domain=fetched.domain,
            reason=fetched.reason,
            message=fetched.message.speak(self._language),
            last_attempt=now,
            last_synced=None if fetched.manifest is None else now,
            manifest=fetched.manifest,
        )
        shown: dict[str, Any] = msgspec.to_builtins(status)
        return shown


def _named(body: Document, name: str) -> Document:
    """A Repository document of a body that may be a bare spec, or may leave the name to the path."""
    if "spec" not in body:
        return {"metadata": {"name": name}, "spec": body}
    meta = body.get("metadata") or {}
    return {**body, "metadata": {"name": name, **meta}} if isinstance(meta, Mapping) else body


def _stamp(before: str, now: datetime) -> str:
    """RFC 3339 with microseconds, after the one before: two requests in one microsecond are two values. What a
    person wrote there is no time, or any."""
    with suppress(ValueError):
        last = datetime.strptime(before, _STAMP).replace(tzinfo=UTC)
        if timedelta(0) <= last - now < timedelta(minutes=1):
            now = last + timedelta(microseconds=1)
    return now.strftime(_STAMP)
