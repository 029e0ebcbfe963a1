"""What is kept beside objects: sealed secrets, history, contents; and what the engine asks for."""

from datetime import timedelta

import pytest

from imageyard.domain.errors import Conflict, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import RepositoryStatus
from imageyard.domain.objects import AT_ONCE, Key
from imageyard.store import Content, Due, Note, Store
from tests.contract.stores import image, read, source, synced
from tests.fakes.clock import START, FakeClock

BYTES = bytes(range(256))


async def test_a_sealed_secret_lies_beside_its_object(store: Store) -> None:
    created = await store.create(REGISTRY_SECRET, source("harbor"), sealed=BYTES)
    assert await store.sealed(REGISTRY_SECRET, "default", "harbor") == BYTES
    assert BYTES not in created.body


async def test_a_replace_keeps_changes_or_removes_the_secret(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"), sealed=b"one")
    stored = await store.replace(REPOSITORY, read(stored))
    assert await store.sealed(REPOSITORY, "default", "a") == b"one"
    stored = await store.replace(REPOSITORY, read(stored), sealed=b"two")
    assert await store.sealed(REPOSITORY, "default", "a") == b"two"
    await store.replace(REPOSITORY, read(stored), sealed=None)
    assert await store.sealed(REPOSITORY, "default", "a") is None


async def test_a_lost_race_leaves_secret_and_history_alone(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"), sealed=b"one")
    await store.replace(REPOSITORY, read(stored))
    with pytest.raises(Conflict):
        await store.replace(REPOSITORY, read(stored), sealed=b"two", note=Note("sync", 5, b"{}"))
    assert await store.sealed(REPOSITORY, "default", "a") == b"one"
    assert await store.notes(stored.uid, "sync", 5) == []


async def test_the_secret_of_nothing_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.sealed(REGISTRY_SECRET, "default", "harbor")


async def test_deletion_takes_secret_and_history_along(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"), sealed=b"one")
    await store.replace(REPOSITORY, read(stored), note=Note("sync", 5, b"{}", ("sha256:a",)))
    await store.delete(REPOSITORY, "default", "a")
    assert await store.sealed_after("", 10) == []
    assert await store.notes(stored.uid, "sync", 5) == []
    await store.create(REPOSITORY, image("a"))
    assert await store.sealed(REPOSITORY, "default", "a") is None


async def test_all_secrets_can_be_walked_through_and_swapped(store: Store) -> None:
    for number in range(7):
        await store.create(REGISTRY_SECRET, source(f"s{number}"), sealed=b"%d" % number)
    await store.create(REGISTRY_SECRET, source("anonymous"))
    seen, cursor = [], ""
    while batch := await store.sealed_after(cursor, 3):
        cursor = batch[-1][0]
        seen += [(key.name, value) for _, key, _, value in batch]
    assert seen == [(f"s{number}", b"%d" % number) for number in range(7)]
    version = await store.resource_version()
    key = Key("registrysecrets", "default", "s3")
    assert await store.reseal(key, b"3", b"new")
    assert not await store.reseal(key, b"3", b"newer")
    assert await store.sealed(REGISTRY_SECRET, "default", "s3") == b"new"
    assert await store.resource_version() == version


async def test_history_keeps_the_newest_of_each_stream(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"))
    for number in range(5):
        stored = await store.replace(REPOSITORY, read(stored), note=Note("sync", 3, b"sync %d" % number))
    stored = await store.replace(REPOSITORY, read(stored), note=Note("verify", 3, b"verify"))
    assert await store.notes(stored.uid, "sync", 10) == [b"sync 4", b"sync 3", b"sync 2"]
    assert await store.notes(stored.uid, "sync", 1) == [b"sync 4"]
    assert await store.notes(stored.uid, "verify", 10) == [b"verify"]


async def test_a_content_is_told_apart_by_its_scope(store: Store) -> None:
    content = Content("registry/a", "sha256:1", "application/json", BYTES)
    await store.put_content(content)
    assert await store.get_content("registry/a", "sha256:1") == content
    assert await store.get_content("registry/b", "sha256:1") is None


async def test_sweeping_drops_what_nobody_names_after_an_hour(store: Store, clock: FakeClock) -> None:
    stored = await store.create(REPOSITORY, image("a"))
    await store.replace(REPOSITORY, read(stored), note=Note("sync", 1, b"{}", ("sha256:named",), "scope"))
    for digest in ("sha256:named", "sha256:loose"):
        await store.put_content(Content("scope", digest, "", b"x"))
    assert await store.sweep(clock.now()) == 0
    assert await store.sweep(clock.now() + timedelta(minutes=61)) == 1
    assert await store.get_content("scope", "sha256:loose") is None
    assert await store.get_content("scope", "sha256:named") is not None


async def test_what_no_history_names_any_more_goes_at_once(store: Store) -> None:
    first, second = await store.create(REPOSITORY, image("a")), await store.create(REPOSITORY, image("b"))
    for number in range(3):
        await store.put_content(Content("scope", f"sha256:{number}", "", b"x"))
        note = Note("sync", 2, b"{}", (f"sha256:{number}",), "scope")
        first = await store.replace(REPOSITORY, read(first), note=note)
    assert await held(store, 3) == [1, 2]
    await store.replace(REPOSITORY, read(second), note=Note("sync", 2, b"{}", ("sha256:1",), "scope"))
    await store.delete(REPOSITORY, "default", "a")
    assert await held(store, 3) == [1]
    await store.delete(REPOSITORY, "default", "b")
    assert await held(store, 3) == []


async def test_the_history_of_one_object_keeps_32_mib_the_newest_first(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"))
    for number in range(12):
        await store.put_content(Content("scope", f"sha256:{number}", "", bytes(4 * 1024 * 1024)))
        note = Note("sync", 50, b"{}", (f"sha256:{number}",), "scope")
        stored = await store.replace(REPOSITORY, read(stored), note=note)
    assert await held(store, 12) == [4, 5, 6, 7, 8, 9, 10, 11]
    assert len(await store.notes(stored.uid, "sync", 50)) == 12


async def held(store: Store, numbers: int) -> list[int]:
    return [n for n in range(numbers) if await store.get_content("scope", f"sha256:{n}") is not None]


async def test_a_content_put_again_gets_another_hour(store: Store, clock: FakeClock) -> None:
    await store.put_content(Content("scope", "sha256:1", "", b"x"))
    await clock.advance(3000)
    await store.put_content(Content("scope", "sha256:1", "", b"x"))
    await clock.advance(3000)
    assert await store.sweep(clock.now()) == 0


async def test_history_tells_where_it_names_a_digest(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a"))
    other = await store.create(REPOSITORY, image("b"))
    for scope in ("first", "second", "", "first", ""):
        stored = await store.replace(REPOSITORY, read(stored), note=Note("sync", 5, b"{}", ("sha256:1",), scope))
    await store.replace(REPOSITORY, read(other), note=Note("sync", 5, b"{}", ("sha256:1",), "third"))
    assert sorted(await store.scopes(stored.uid, "sha256:1")) == ["first", "second"]
    assert await store.scopes(other.uid, "sha256:1") == ["third"]
    assert await store.scopes(stored.uid, "sha256:2") == []


async def test_due_objects_come_longest_overdue_first(store: Store) -> None:
    for name, minutes in (("late", 1), ("later", 5), ("future", 500)):
        created = await store.create(REPOSITORY, image(name))
        await store.replace(REPOSITORY, synced(created, minutes))
    await store.create(REPOSITORY, image("new"))
    due = await store.due(REPOSITORY, START + timedelta(minutes=65), 10)
    assert due == [
        Due(Key("repositories", "default", "new"), AT_ONCE),
        Due(Key("repositories", "default", "late"), START + timedelta(minutes=61)),
        Due(Key("repositories", "default", "later"), START + timedelta(minutes=65)),
    ]
    assert len(await store.due(REPOSITORY, START + timedelta(minutes=65), 2)) == 2


async def test_what_is_never_due_does_not_show_up(store: Store) -> None:
    await store.create(REPOSITORY, image("done", status=RepositoryStatus(sync_status="Success", observed_generation=1)))
    assert await store.due(REPOSITORY, START + timedelta(days=9999), 10) == []


async def test_holders_count_references(store: Store) -> None:
    for number in range(3):
        await store.create(REPOSITORY, image(f"a{number}"))
    await store.create(REPOSITORY, image("b", source="hub"))
    assert await store.holders(REPOSITORY) == {("default/harbor", "default"): 3, ("default/hub", "default"): 1}
    assert await store.holders(REGISTRY_SECRET) == {}


async def test_documents_stay_held_while_an_image_only_comes_and_goes(store: Store, clock: FakeClock) -> None:
    """The first line of history names manifest and config; later ones, that saw nothing new, the manifest alone."""
    for digest in ("sha256:manifest", "sha256:config"):
        await store.put_content(Content("scope", digest, "application/json", b"{}"))
    stored = await store.create(REPOSITORY, image("flapping"))
    note = Note("sync", 2, b"first", ("sha256:manifest", "sha256:config"), "scope")
    for _ in range(5):
        stored = await store.replace(REPOSITORY, read(stored), note=note)
        note = Note("sync", 2, b"again", ("sha256:manifest",))
    assert await store.scopes(stored.uid, "sha256:config") == ["scope"]
    await clock.advance(2 * 3600)
    await store.sweep(clock.now())
    assert await store.get_content("scope", "sha256:config") is not None
    await store.replace(REPOSITORY, read(stored), note=Note("sync", 1, b"other", ("sha256:other",)))
    await store.sweep(clock.now())
    assert await store.get_content("scope", "sha256:config") is None
