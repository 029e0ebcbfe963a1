"""Who holds which role: roles and bindings in memory, as rights ask for them at every request."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, Final

import structlog

from imageyard.domain import access
from imageyard.domain.access import MASTERS, MASTERS_GRANT, Actor, Grant, Rule
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Failure, Gone, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import BY_PLURAL, CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING
from imageyard.domain.kinds.cluster_role import ClusterRole
from imageyard.domain.kinds.role import rules_of
from imageyard.domain.kinds.role_binding import RoleBinding, RoleRef
from imageyard.domain.objects import Key
from imageyard.store import Change, Changes, Query, Store

log = structlog.get_logger()

KINDS: Final = (ROLE, CLUSTER_ROLE, ROLE_BINDING, CLUSTER_ROLE_BINDING)
_AGAIN: Final = 10.0
"""Seconds until what could not be read is tried again."""
_REMEMBERED: Final = 1_000
"""Actors whose grants are kept until a role or a binding changes."""


class Roles:
    """`watch` keeps the memory true to the store. A change counts from the moment its write is answered: what is at
    hand is taken in before any question is answered."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._caught_up = -1
        """The store's head when what was at hand was taken in last."""
        self._follows = [_Follow(store, clock, kind, self._moved) for kind in KINDS]
        self._roles, self._cluster_roles, self._bindings, self._cluster_bindings = (
            follow.held for follow in self._follows
        )
        self._granted: dict[tuple[str, frozenset[str]], tuple[Grant, ...]] = {}
        self._subjects: dict[str, set[Key]] = defaultdict(set)
        """The bindings that name a subject."""

    async def load(self) -> None:
        """Read all roles and bindings into memory. What cannot be read grants nothing and is tried again later: the
        operator can mend it, and nobody gets more rights by it."""
        for follow in self._follows:
            await follow.load()

    async def watch(self) -> None:
        """Follow changes until the store closes."""
        async with asyncio.TaskGroup() as tasks:
            for follow in self._follows:
                tasks.create_task(follow.run(), name=f"watch-{follow.kind.plural}")

    def grants(self, actor: Actor) -> tuple[Grant, ...]:
        """What the actor's bindings give now. One whose role does not exist gives nothing."""
        self._catch_up()
        key = (actor.user, actor.groups)
        granted = self._granted.get(key)
        if granted is None:
            if len(self._granted) >= _REMEMBERED:
                self._granted.clear()
            granted = self._granted[key] = tuple(self._find(actor))
        return granted

    def rules(self, ref: RoleRef, namespace: str) -> tuple[Rule, ...]:
        """The rules of the role that a binding in a namespace refers to. Raises NotFound."""
        self._catch_up()
        found = self._rules(ref, namespace)
        if found is None:
            raise NotFound((ROLE if ref.kind == "Role" else CLUSTER_ROLE).singular, ref.name)
        return found

    def _catch_up(self) -> None:
        if self._store.head != self._caught_up:
            for follow in self._follows:
                follow.catch_up()
            self._caught_up = self._store.head

    def _find(self, actor: Actor) -> Iterable[Grant]:
        if MASTERS in actor.groups:
            yield MASTERS_GRANT
        for subject in access.subjects(actor.user, actor.groups):
            for key in self._subjects.get(subject, ()):
                binding = (self._bindings if key.namespace else self._cluster_bindings)[key]
                rules = self._rules(binding.role_ref, key.namespace)
                if rules:
                    ref, kind = binding.role_ref, (ROLE_BINDING if key.namespace else CLUSTER_ROLE_BINDING)
                    role, by = f"{ref.kind}/{ref.name}", f"{kind.name}/{key.name}"
                    yield Grant(subject, rules, key.namespace, role, by)

    def _rules(self, ref: RoleRef, namespace: str) -> tuple[Rule, ...] | None:
        if ref.kind == "Role":
            role = self._roles.get(Key(ROLE.plural, namespace, ref.name))
            return None if role is None else rules_of(role.rules)
        cluster_role = self._cluster_roles.get(Key(CLUSTER_ROLE.plural, "", ref.name))
        return None if cluster_role is None else self._aggregated(cluster_role)

    def _aggregated(self, role: ClusterRole) -> tuple[Rule, ...]:
        if role.aggregation_rule is None:
            return rules_of(role.rules)
        selectors = [each.selector() for each in role.aggregation_rule.cluster_role_selectors]
        gathered = [
            rule
            for other in self._cluster_roles.values()
            if other is not role and any(selector.matches(other.metadata.labels) for selector in selectors)
            # Kubernetes writes the gathered rules into the role; here they are gathered when they are asked for, and
            # one aggregated role does not gather through another.
            for rule in rules_of(other.rules if other.aggregation_rule is None else None)
        ]
        return tuple(dict.fromkeys(gathered))

    def _moved(self, key: Key, old: Any, new: Any) -> None:
        """Keep the index true to a binding that came, changed or went (None for what is not there)."""
        self._granted.clear()
        if BY_PLURAL[key.resource] not in (ROLE_BINDING, CLUSTER_ROLE_BINDING):
            return
        for subject in _subjects(old, key.namespace):
            self._subjects[subject].discard(key)
            if not self._subjects[subject]:
                del self._subjects[subject]
        for subject in _subjects(new, key.namespace):
            self._subjects[subject].add(key)


class _Follow:
    """One kind in memory, in step with the store."""

    def __init__(self, store: Store, clock: Clock, kind: Kind[Any], moved: Callable[[Key, Any, Any], None]) -> None:
        self.kind = kind
        self._clock = clock
        self._loaded = False
        self.held: dict[Key, Any] = {}
        self._store = store
        self._moved = moved
        self._version = 0
        self._changes: Changes | None = None

    async def load(self) -> None:
        try:
            page = await self._store.list(self.kind, Query())
        except Failure as failure:
            self._loaded = False
            log.error("roles_unreadable", kind=self.kind.plural, problem=type(failure).__name__)
            return
        found = {stored.key: self.kind.decode(stored.body) for stored in page.items}
        for key in self.held.keys() - found.keys():
            self._put(key, None)
        for key, obj in found.items():
            self._put(key, obj)
        self._version, self._loaded = page.resource_version, True

    async def run(self) -> None:
        while True:
            while not self._loaded:
                await self._clock.sleep(_AGAIN)
                await self.load()
            try:
                async with self._store.watch(self.kind, since=self._version) as self._changes:
                    async for change in self._changes:
                        self._take(change)
                    return
            except Gone:
                self._changes = None
                await self.load()
            except Failure:
                self._changes, self._loaded = None, False

    def catch_up(self) -> None:
        """Take in what is at hand; too much of it is left to `run`, which reads everything anew."""
        changes = self._changes
        if changes is None:
            return
        try:
            while (change := changes.at_hand()) is not None:
                self._take(change)
        except Gone:
            return

    def _take(self, change: Change) -> None:
        self._version = change.resource_version
        self._put(change.key, None if change.type == "DELETED" else self.kind.decode(change.body))

    def _put(self, key: Key, obj: Any) -> None:
        old = self.held.pop(key, None)
        if obj is not None:
            self.held[key] = obj
        self._moved(key, old, obj)


def _subjects(binding: RoleBinding | None, namespace: str) -> set[str]:
    return {subject.granted_to(namespace) for subject in binding.subjects} if binding else set()
