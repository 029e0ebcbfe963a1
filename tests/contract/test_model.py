"""A store against a model: random writes, some of them racing, must leave both in the same state."""

import asyncio
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from imageyard.domain.errors import AlreadyExists, Conflict, Failure, NotFound
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import RegistryRef, Repository
from imageyard.domain.selector import parse_fields, parse_labels
from imageyard.store import Change, Query, Store, Stored
from tests.contract.stores import Factory, drain, image, read, synced
from tests.fakes.clock import FakeClock

DISPLAY_NAME = "theriseunion.io/display-name"
NAMESPACES, NAMES = ("a", "b"), ("x", "y", "z")
places = st.tuples(st.sampled_from(NAMESPACES), st.sampled_from(NAMES))
Place = tuple[str, str]


class Write(NamedTuple):
    """One write of a race. `stale`: with the version before the newest this machine knows. `look`: which of `LOOKS` a
    replaced object gets."""

    action: str
    place: Place
    stale: bool
    look: int


class Look(NamedTuple):
    """What searches and filters see of an object."""

    status: Any = ""
    tier: str = ""
    alias: str = ""
    source: str = "harbor"


LOOKS = (Look(), Look("Failed", "gold"), Look("Success", "gold", "网关"), Look("Failed", "silver", "网关", "other"))
writes = st.builds(
    Write,
    st.sampled_from(["create", "replace", "delete"]),
    places,
    st.booleans(),
    st.sampled_from(range(len(LOOKS))),
)


def looking(stored: Stored, look: Look) -> Repository:
    obj = synced(stored, status=look.status)
    obj.metadata.labels = {"tier": look.tier} if look.tier else {}
    obj.metadata.annotations = {DISPLAY_NAME: look.alias} if look.alias else {}
    obj.spec.registry_ref = RegistryRef(look.source, "default")
    return obj


def look_of(stored: Stored) -> Look:
    obj = read(stored)
    labels, annotations = obj.metadata.labels, obj.metadata.annotations
    return Look(
        obj.status.sync_status, labels.get("tier", ""), annotations.get(DISPLAY_NAME, ""), obj.spec.registry_ref.name
    )


QUESTIONS: tuple[tuple[dict[str, Any], Callable[[str, Look], bool]], ...] = (
    ({"search": "team/y"}, lambda name, look: name == "y"),
    ({"search": "网"}, lambda name, look: look.alias != ""),
    ({"status": "Failed"}, lambda name, look: look.status == "Failed"),
    ({"labels": parse_labels("tier=gold")}, lambda name, look: look.tier == "gold"),
    ({"labels": parse_labels("tier!=gold")}, lambda name, look: look.tier != "gold"),
    ({"reference": "default/other"}, lambda name, look: look.source == "other"),
    ({"status": "Failed", "search": "网"}, lambda name, look: look.status == "Failed" and look.alias != ""),
    (
        {"fields": parse_fields("metadata.name=x", frozenset({"metadata.name"})), "status": "Failed"},
        lambda name, look: name == "x" and look.status == "Failed",
    ),
)
"""What is asked after each step, and which objects it finds."""


class Machine(RuleBasedStateMachine):
    factory: Factory

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.state: dict[Place, Stored] = {}
        self.log: list[tuple[str, int, Place]] = []
        self.before: dict[Place, Stored] = {}
        self._open()

    def _open(self) -> None:
        self.opened = self.factory(Path(self.folder.name), FakeClock())
        self.store: Store = self.run(self.opened.__aenter__())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.run(self.opened.__aexit__(None, None, None))
        self.runner.close()
        self.folder.cleanup()

    @rule(race=st.lists(writes, min_size=1, max_size=8))
    def write(self, race: list[Write]) -> None:
        """Writes that are under way together: what they answer must fit some order of them, the one of their
        versions; a refusal must be right at some moment of the race."""
        known = dict(self.state)
        outcomes = self.run(self._together(race))
        succeeded = [(w, o) for w, o in zip(race, outcomes, strict=True) if not isinstance(o, Failure)]
        for write, stored in sorted(succeeded, key=lambda pair: pair[1].resource_version):
            self._apply(write, stored)
        for write, outcome in zip(race, outcomes, strict=True):
            if isinstance(outcome, Failure):
                self._justify(write, outcome, known, {w.place for w, _ in succeeded})

    async def _together(self, race: list[Write]) -> list[Any]:
        outcomes = await asyncio.gather(*(self._perform(write) for write in race), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Failure):
                raise outcome
        return outcomes

    async def _perform(self, write: Write) -> Stored:
        namespace, name = write.place
        if write.action == "create":
            return await self.store.create(REPOSITORY, image(name, namespace))
        if write.action == "delete":
            return await self.store.delete(REPOSITORY, namespace, name)
        old = self._read_before(write)
        return await self.store.replace(REPOSITORY, looking(old, LOOKS[write.look]) if old else image(name, namespace))

    def _read_before(self, write: Write) -> Stored | None:
        """What the writer of a replace had read."""
        return self.before.get(write.place) if write.stale else self.state.get(write.place)

    def _apply(self, write: Write, stored: Stored) -> None:
        """The write must have been possible in the state that the ones before it left."""
        old = self.state.get(write.place)
        if write.action == "create":
            assert old is None
        else:
            assert old is not None
            assert old.uid == stored.uid
            self.before[write.place] = old
        assert not self.log or stored.resource_version == self.log[-1][1] + 1
        type_ = {"create": "ADDED", "replace": "MODIFIED", "delete": "DELETED"}[write.action]
        self.log.append((type_, stored.resource_version, write.place))
        if write.action == "delete":
            del self.state[write.place]
        else:
            self.state[write.place] = stored

    def _justify(self, write: Write, failure: Failure, known: dict[Place, Stored], touched: set[Place]) -> None:
        if write.place in touched:
            return
        match failure:
            case AlreadyExists():
                assert write.action == "create"
                assert write.place in known
            case NotFound():
                old, now = self._read_before(write), known.get(write.place)
                assert now is None or old is None or old.uid != now.uid
            case Conflict():
                assert write.action == "replace"
                assert write.stale
            case _:
                raise failure

    @rule(place=places)
    def get(self, place: Place) -> None:
        try:
            found = self.run(self.store.get(REPOSITORY, *place))
        except NotFound:
            found = None
        assert found == self.state.get(place)

    @rule(since=st.integers(0, 60), namespace=st.sampled_from([None, *NAMESPACES]))
    def watch(self, since: int, namespace: str | None) -> None:
        since = min(since, self.log[-1][1] if self.log else 0)
        told = self.run(self._told(since, namespace))
        assert [(c.type, c.resource_version, (c.key.namespace, c.key.name)) for c in told] == [
            entry for entry in self.log if entry[1] > since and namespace in (None, entry[2][0])
        ]
        assert all(read(_stored(change)).metadata.resource_version == str(change.resource_version) for change in told)

    async def _told(self, since: int, namespace: str | None) -> list[Change]:
        async with self.store.watch(REPOSITORY, since=since, namespace=namespace, bookmarks=True) as changes:
            return await drain(changes)

    @rule()
    def restart(self) -> None:
        self.run(self.opened.__aexit__(None, None, None))
        self._open()

    @invariant()
    def lists_agree(self) -> None:
        for namespaces in (None, frozenset({"a"})):
            expected = [
                self.state[place] for place in sorted(self.state) if namespaces is None or place[0] in namespaces
            ]
            page = self.run(self.store.list(REPOSITORY, Query(namespaces=namespaces, limit=100)))
            assert (list(page.items), page.total) == (expected, len(expected))
            for offset in (0, 2, 4):
                self._page_agrees(Query(namespaces=namespaces, offset=offset, limit=2), expected)
            for asked, finds in QUESTIONS:
                found = [stored for stored in expected if finds(stored.key.name, look_of(stored))]
                self._page_agrees(Query(namespaces=namespaces, offset=0, limit=2, **asked), found)
                backwards = Query(namespaces=namespaces, offset=1, limit=2, ascending=False, **asked)
                self._page_agrees(backwards, found[::-1])

    def _page_agrees(self, query: Query, expected: list[Stored]) -> None:
        """Asked for again after each step: a store that remembers a page must not remember a lie."""
        page = self.run(self.store.list(REPOSITORY, query))
        offset = query.offset or 0
        assert (list(page.items), page.total) == (expected[offset : offset + 2], len(expected))
        assert page.resource_version == (self.log[-1][1] if self.log else 0)


def _stored(change: Change) -> Stored:
    return Stored(change.key, change.uid, change.resource_version, change.body)


@pytest.mark.timeout(300)
def test_racing_writes_agree_with_the_model(factory: Factory) -> None:
    machine = type("TestedMachine", (Machine,), {"factory": staticmethod(factory)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
