"""Namespaces come into being on the first write and go with all that is in them; nothing resurrects a dying one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog
from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.clock import Clock
from imageyard.domain.errors import AlreadyExists, Conflict, Corrupt, Forbidden, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS, NAMESPACE
from imageyard.domain.kinds.namespace import DEFAULT, Namespace, NamespaceStatus, labelled
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.text import Text
from imageyard.service import removal
from imageyard.store import Query, Store, Stored, readable

_TRIES: Final = 10

log = structlog.get_logger()


class Namespaces:
    def __init__(self, store: Store, clock: Clock, uid: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._uid = uid
        self._entered: Counter[str] = Counter()
        self._left: dict[str, asyncio.Event] = {}
        self._active: set[str] = set()
        """Namespaces seen Active. Only this service ends one, and takes it out first."""

    async def ensure(self, name: str) -> None:
        """Make the namespace when it is missing. Raises Forbidden when it is being deleted."""
        for _ in range(_TRIES):
            with suppress(NotFound):
                return await self.require(name)
            with suppress(AlreadyExists):  # somebody else was faster; look again
                await self._store.create(NAMESPACE, self._new(name))
                return None
        raise Conflict(NAMESPACE.singular, name)

    async def ensure_default(self) -> None:
        """Make `default` when it is missing, and anew when it is damaged: it is always there."""
        try:
            await self.ensure(DEFAULT)
        except Corrupt:
            log.error("namespace_made_anew", name=DEFAULT)
            await self._store.delete(NAMESPACE, "", DEFAULT)
            await self.ensure(DEFAULT)

    async def require(self, name: str) -> None:
        """Raises NotFound; Forbidden when it is being deleted, as Kubernetes does."""
        if name in self._active:
            return
        stored = await self._store.get(NAMESPACE, "", name)
        if NAMESPACE.decode(stored.body).status.phase == "Terminating":
            text = Text(
                f"命名空间“{name}”正在删除，不能在其中创建对象",
                f"unable to create new content in namespace {name} because it is being terminated",
            )
            raise Forbidden(text, kind=NAMESPACE.singular, name=name)
        self._active.add(name)

    @asynccontextmanager
    async def entered(self, kind: Kind[Any], name: str, *, create: bool) -> AsyncIterator[None]:
        """Hold the namespace open while an object is put into it: a deletion waits, then takes that object too."""
        if not kind.namespaced:
            yield
            return
        self._entered[name] += 1
        try:
            await (self.ensure(name) if create else self.require(name))
            yield
        finally:
            self._entered[name] -= 1
            if not self._entered[name]:
                del self._entered[name]
                self._left.pop(name, asyncio.Event()).set()

    async def delete(self, name: str) -> Stored:
        """Mark it, delete what is in it, then itself. Answers its last state, or its state as Terminating when
        objects with finalizers are left in it. Raises NotFound; Forbidden for `default`."""
        if name == DEFAULT:
            text = Text(f"命名空间“{DEFAULT}”不能删除", "this namespace may not be deleted")
            raise Forbidden(text, kind=NAMESPACE.singular, name=name)
        await self._mark(name)
        while self._entered[name]:
            await self._left.setdefault(name, asyncio.Event()).wait()
        for kind in KINDS:
            if kind.namespaced:
                await self._empty(kind, name)
        return await self.settle(name)

    async def settle(self, name: str) -> Stored:
        """Let a namespace that is being deleted go once nothing is left in it; answers its last state."""
        stored = await self._store.get(NAMESPACE, "", name)
        if NAMESPACE.decode(stored.body).status.phase != "Terminating":
            return stored
        inside = Query(namespaces=frozenset({name}))
        if any([await self._store.count(kind, inside) for kind in KINDS if kind.namespaced]):
            return stored
        return await removal.remove(self._store, self._clock, NAMESPACE, "", name)

    async def finish(self) -> None:
        """Go on with deletions that a stop of the server interrupted."""
        ending = [
            stored.key.name async for stored in readable.each(self._store, NAMESPACE, Query(status="Terminating"))
        ]
        for name in ending:
            try:
                await self.delete(name)
            except Corrupt as damage:
                log.error("namespace_not_deleted", name=name, problem=damage.text.en)

    async def _mark(self, name: str) -> None:
        for _ in range(_TRIES):
            self._active.discard(name)
            stored = await self._store.get(NAMESPACE, "", name)
            namespace: Namespace = NAMESPACE.decode(stored.body)
            if namespace.status.phase == "Terminating":
                return
            with suppress(Conflict):
                terminating = replace(namespace, status=NamespaceStatus("Terminating"))
                await self._store.replace(NAMESPACE, removal.marked(terminating, self._clock))
                return
        raise Conflict(NAMESPACE.singular, name)

    async def _empty(self, kind: Kind[Any], namespace: str) -> None:
        page = await self._store.list(kind, Query(namespaces=frozenset({namespace})))
        for stored in page.items:
            with suppress(NotFound):
                await removal.remove(self._store, self._clock, kind, namespace, stored.key.name)

    def _new(self, name: str) -> Namespace:
        meta = ObjectMeta(
            name=name,
            uid=self._uid(),
            generation=1,
            creation_timestamp=objects.seconds(self._clock.now()),
        )
        return labelled(Namespace(api_version=NAMESPACE.api_version, kind=NAMESPACE.name, metadata=meta))
