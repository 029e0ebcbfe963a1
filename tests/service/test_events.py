"""Events are best effort: bounded in number and time, folded, and never in the way of what they tell of."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import timedelta
from typing import Any, cast

import pytest

from imageyard.domain.errors import Unavailable
from imageyard.domain.event_reasons import EventReason
from imageyard.domain.kinds import EVENT, NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.event import Event, ObjectReference
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.service import events
from imageyard.service.events import Recorder
from imageyard.service.happenings import Happening
from imageyard.store import Query, Store
from tests.fakes.clock import FakeClock
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Service, a_source, an_image


def happening(message: str = "m", name: str = "nginx", reason: EventReason = EventReason.SyncFailed) -> Happening:
    about = ObjectReference("Repository", "default", name, f"uid-{name}", REPOSITORY.api_version)
    return Happening(about, reason, Text("中文", message))


def entered(namespace: str) -> AbstractAsyncContextManager[None]:
    return nullcontext()


async def test_an_event_has_the_shape_kubernetes_gives_it(service: Service) -> None:
    image = await service.add_image()
    [one] = await service.told()
    assert one.metadata.name.rpartition(".")[0] == "nginx"
    assert int(one.metadata.name.rpartition(".")[2], 16) > 0
    about = one.involved_object
    assert (about.api_version, about.kind, about.namespace) == (REPOSITORY.api_version, "Repository", "default")
    assert (about.name, about.uid) == ("nginx", image["metadata"]["uid"])
    assert (one.type, one.reason, one.message, one.count) == ("Normal", "Created", "created", 1)
    assert (one.source.component, one.reporting_component) == ("imageyard", "imageyard")
    assert one.first_timestamp == one.last_timestamp == service.clock.now()


async def test_the_longest_name_leaves_room_for_the_moment(service: Service) -> None:
    await service.add_image("a" * 230 + "." + "b" * 22)
    [one] = await service.told()
    assert len(one.metadata.name) <= 253
    assert EVENT.validate(one, None) == []


async def test_messages_are_in_the_language_of_the_server(service: Service) -> None:
    speaking = Recorder(service.store, service.clock, language="zh", entered=entered, uid=lambda: "u")
    speaking.record([happening()])
    await speaking.flush()
    assert [one.message for one in await service.told()] == ["中文"]


async def test_a_repeat_raises_the_count_of_the_event_there_is(service: Service) -> None:
    service.events.record([happening(), happening()])
    await service.told()
    await service.clock.advance(1800)
    service.events.record([happening(), happening("other")])
    found = {one.message: one for one in await service.told()}
    assert (found["m"].count, found["other"].count) == (3, 1)
    assert found["m"].last_timestamp == service.clock.now()
    assert found["m"].first_timestamp == service.clock.now() - timedelta(seconds=1800)


async def test_a_repeat_is_found_again_after_a_start(service: Service) -> None:
    service.events.record([happening()])
    await service.told()
    fresh = Recorder(service.store, service.clock, language="en", entered=entered, uid=lambda: "u")
    fresh.record([happening()])
    await fresh.flush()
    assert [one.count for one in await service.told()] == [2]


async def test_events_are_kept_an_hour_after_they_were_last_seen(service: Service) -> None:
    service.events.record([happening("once"), happening("twice")])
    await service.told()
    await service.clock.advance(3000)
    service.events.record([happening("twice")])
    await service.told()
    await service.clock.advance(601)
    await service.events.sweep()
    assert [one.message for one in await service.told()] == ["twice"]


async def test_an_object_that_is_deleted_leaves_its_events(service: Service) -> None:
    await service.add_image()
    await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    assert await service.reasons() == ["Created", "Deleted"]


async def test_an_object_has_at_most_25_events_and_the_oldest_go(service: Service) -> None:
    for number in range(30):
        service.events.record([happening(str(number))])
        await service.told()
        await service.clock.advance(1)
    assert {one.message for one in await service.told()} == {str(number) for number in range(5, 30)}
    service.events.record(happening(f"late {number}") for number in range(40))
    assert {one.message for one in await service.told()} == {f"late {number}" for number in range(15, 40)}


async def test_of_all_events_the_oldest_go(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST", 3)
    for number in range(5):
        service.events.record([happening(name=str(number))])
        await service.told()
        await service.clock.advance(1)
    assert sorted(one.involved_object.name for one in await service.told()) == ["2", "3", "4"]


async def test_what_does_not_fit_is_lost_and_nothing_else(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST_WAITING", 2)
    for name in "abc":
        await service.add_image(name)
    assert await service.reasons() == ["Created", "Created"]
    assert len((await service.store.list(REPOSITORY, Query())).items) == 3


class Filling:
    """A store that takes no events while it is full."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = True

    def __getattr__(self, name: str) -> Any:
        refuses = self.full and name in ("create", "replace", "delete")
        return self._refuse if refuses else getattr(self._store, name)

    async def _refuse(self, *args: object, **more: object) -> None:
        raise Unavailable(Text("满", "full"))


async def test_a_store_that_is_full_loses_events_and_takes_the_next(store: Store, clock: FakeClock) -> None:
    filling = Filling(store)
    recorder = Recorder(cast(Store, filling), clock, language="en", entered=entered, uid=lambda: "u")
    recorder.record([happening("lost")])
    await recorder.flush()
    filling.full = False
    recorder.record([happening("kept")])
    await recorder.flush()
    page = await store.list(EVENT, Query())
    assert [EVENT.decode(stored.body).message for stored in page.items] == ["kept"]


async def test_events_are_written_by_themselves_and_a_mistake_ends_nothing(store: Store, clock: FakeClock) -> None:
    asked: list[str] = []

    def first_mistaken(namespace: str) -> AbstractAsyncContextManager[None]:
        asked.append(namespace)
        if len(asked) == 1:
            raise ZeroDivisionError
        return nullcontext()

    recorder = Recorder(store, clock, language="en", entered=first_mistaken, uid=lambda: "u")
    running = asyncio.create_task(recorder.run())
    async with store.watch(EVENT) as changes:
        for name in ("lost", "kept"):
            recorder.record([happening(name, reason=EventReason.Created)])
            await clock.advance(1)
        async with asyncio.timeout(10):
            assert EVENT.decode((await anext(changes)).body).message == "kept"
    running.cancel()


async def test_a_mistake_in_telling_harms_no_write(service: Service) -> None:
    def mistaken() -> Iterator[Happening]:
        yield happening()
        raise ZeroDivisionError

    service.events.record(mistaken())
    assert await service.reasons() == ["SyncFailed"]


async def test_events_keep_no_namespace_and_bring_none_back(service: Service) -> None:
    await service.add_image(namespace="team")
    await service.objects.delete(ADMIN, NAMESPACE, "", "team")
    assert await service.told() == []
    await service.add_image(namespace="team")
    assert len(await service.told()) == 1
    await service.objects.delete(ADMIN, NAMESPACE, "", "team")
    assert await service.told() == []
    assert [stored.key.name for stored in (await service.store.list(NAMESPACE, Query())).items] == ["default"]


async def test_no_event_is_told_of_namespaces_and_events(service: Service) -> None:
    await service.objects.create(ADMIN, NAMESPACE, "", {"metadata": {"name": "team"}})
    await service.objects.create(ADMIN, EVENT, "default", {"metadata": {"name": "own"}, "reason": "Own"})
    assert [one.reason for one in await service.told()] == ["Own"]


async def test_no_event_holds_a_password(service: Service) -> None:
    await service.objects.create(ADMIN, REGISTRY_SECRET, "default", a_source())
    for spec in ({"password": CANARY + "2"}, {"domain": "b.example.com", "password": CANARY}, {"username": "b"}):
        await service.merge_source({"spec": spec})
    service.registry.outcome = probe(Reason.Unauthorized)._replace(message=Text(CANARY, CANARY))
    await service.verifier.by_request(ADMIN, "default", "harbor", {"password": CANARY})
    await service.verifier.stored("default", "harbor")
    await service.objects.create(ADMIN, REPOSITORY, "default", an_image())
    told = b"".join(EVENT.encode(one) for one in await service.told())
    assert b"VerifyFailed" in told
    assert b"CredentialsRotated" in told
    assert b"canary" not in told.lower()


async def test_a_create_waits_for_no_event(service: Service) -> None:
    await service.add_image()
    assert await service.store.count(EVENT, Query()) == 0


def test_folding_spares_what_others_told_of_the_object() -> None:
    """Their counts are theirs."""
    theirs = Event(metadata=EVENT.convert({"metadata": {"name": "x"}}).metadata, type="Warning", reason="SyncFailed")
    folded = events.fold([theirs], [happening("")], FakeClock().now(), "en")
    assert (len(folded.new), folded.raised, folded.old) == (1, [], [])
