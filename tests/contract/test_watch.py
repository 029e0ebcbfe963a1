"""Watches: ordered, unique, reliable, resumable, bookmarked."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from imageyard.domain.errors import Gone
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.store import Change, Query, Store, Terms
from tests.contract.stores import (
    Factory,
    drain,
    image,
    let_keep_house,
    outlive_the_history,
    read,
    source,
    synced,
    take,
    write,
)
from tests.fakes.clock import FakeClock


async def test_a_watch_tells_each_change_with_its_object(store: Store) -> None:
    async with store.watch(REPOSITORY) as changes:
        created = await store.create(REPOSITORY, image("a"))
        replaced = await store.replace(REPOSITORY, synced(created))
        deleted = await store.delete(REPOSITORY, "default", "a")
        told = await take(changes, 3)
    assert [change.type for change in told] == ["ADDED", "MODIFIED", "DELETED"]
    assert [change.body for change in told] == [created.body, replaced.body, deleted.body]
    assert [change.resource_version for change in told] == [
        created.resource_version,
        replaced.resource_version,
        deleted.resource_version,
    ]
    assert {(change.key, change.uid) for change in told} == {(created.key, created.uid)}
    assert read(deleted).metadata.resource_version == str(deleted.resource_version)


async def test_a_watch_without_since_begins_now(store: Store) -> None:
    await store.create(REPOSITORY, image("before"))
    async with store.watch(REPOSITORY) as changes:
        await store.create(REPOSITORY, image("after"))
        assert [change.key.name for change in await take(changes, 1)] == ["after"]


async def test_nothing_is_missed_between_entering_and_reading(store: Store) -> None:
    async with store.watch(REPOSITORY) as changes:
        for number in range(30):
            await store.create(REPOSITORY, image(f"n{number}"))
        assert len(await take(changes, 30)) == 30


async def test_a_change_is_at_hand_before_its_write_is_answered(store: Store) -> None:
    async with store.watch(REPOSITORY) as changes:
        created = await store.create(REPOSITORY, image("a"))
        at_hand = changes.at_hand()
        assert at_hand is not None
        assert at_hand.body == created.body
        await store.delete(REPOSITORY, "default", "a")
        assert [change.type for change in await take(changes, 1)] == ["DELETED"]
        assert changes.at_hand() is None


async def test_a_change_is_told_once_whoever_takes_it(store: Store) -> None:
    """Somebody reads on while another takes what is at hand."""
    told: list[int] = []
    all_told = asyncio.Event()

    def tell(change: Change) -> None:
        told.append(change.resource_version)
        if len(told) == 20:
            all_told.set()

    async def read_on() -> None:
        async for change in changes:
            tell(change)

    async with store.watch(REPOSITORY) as changes:
        reading = asyncio.create_task(read_on())
        written = []
        for number in range(20):
            written.append((await store.create(REPOSITORY, image(f"n{number}"))).resource_version)
            if number % 2 and (change := changes.at_hand()) is not None:
                tell(change)
        await all_told.wait()
        reading.cancel()
    assert sorted(told) == written


async def test_what_is_not_read_from_the_log_yet_is_not_at_hand(store: Store) -> None:
    await store.create(REPOSITORY, image("a"))
    async with store.watch(REPOSITORY, since=0) as changes:
        await store.create(REPOSITORY, image("b"))
        assert changes.at_hand() is None
        assert [change.key.name for change in await take(changes, 2)] == ["a", "b"]


async def test_a_watch_sees_its_kind_and_namespace_only(store: Store) -> None:
    async with store.watch(REPOSITORY, namespace="edge", since=0) as changes:
        await store.create(REPOSITORY, image("a"))
        await store.create(REGISTRY_SECRET, source("b", "edge"))
        await store.create(REPOSITORY, image("c", "edge"))
        assert [change.key.name for change in await take(changes, 1)] == ["c"]


async def test_list_then_watch_misses_nothing(store: Store) -> None:
    await store.create(REPOSITORY, image("a"))
    page = await store.list(REPOSITORY, Query())
    await store.create(REPOSITORY, image("b"))
    async with store.watch(REPOSITORY, since=page.resource_version) as changes:
        await store.create(REPOSITORY, image("c"))
        assert [change.key.name for change in await take(changes, 2)] == ["b", "c"]


async def test_a_watch_resumes_where_another_ended(store: Store) -> None:
    async with store.watch(REPOSITORY, since=0) as changes:
        for number in range(5):
            await store.create(REPOSITORY, image(f"n{number}"))
        told = await take(changes, 2)
    async with store.watch(REPOSITORY, since=told[-1].resource_version) as changes:
        told += await take(changes, 3)
    assert [change.key.name for change in told] == [f"n{number}" for number in range(5)]


async def test_a_watch_resumes_after_a_restart(factory: Factory, tmp_path: Path, clock: FakeClock) -> None:
    async with factory(tmp_path, clock) as store:
        first = await store.create(REPOSITORY, image("a"))
        await store.create(REPOSITORY, image("b"))
    async with factory(tmp_path, clock) as store, store.watch(REPOSITORY, since=first.resource_version) as changes:
        await store.create(REPOSITORY, image("c"))
        assert [change.key.name for change in await take(changes, 2)] == ["b", "c"]


async def test_joining_at_any_moment_under_load_shows_each_change_once(store: Store) -> None:
    """Watches that begin while writes are in flight: complete, in order, without repetition."""

    async def write(writer: int) -> None:
        for number in range(40):
            created = await store.create(REPOSITORY, image(f"w{writer}-{number}"))
            await store.replace(REPOSITORY, synced(created))

    async def watch(delay: int) -> list[int]:
        for _ in range(delay):
            await asyncio.sleep(0)
        async with store.watch(REPOSITORY, since=0) as changes:
            return [change.resource_version for change in await take(changes, 4 * 40 * 2)]

    watches = [asyncio.create_task(watch(delay)) for delay in (0, 3, 10, 30, 100)]
    await asyncio.gather(*(write(writer) for writer in range(4)))
    for told in await asyncio.gather(*watches):
        assert told == list(range(1, 4 * 40 * 2 + 1))


async def test_a_bookmark_comes_when_the_watch_has_caught_up(store: Store) -> None:
    await store.create(REPOSITORY, image("a"))
    await store.create(REGISTRY_SECRET, source("b"))
    async with store.watch(REPOSITORY, since=0, bookmarks=True) as changes:
        assert [(await anext(changes)).type for _ in range(2)] == ["ADDED", "BOOKMARK"]


async def test_bookmarks_tell_how_far_the_watch_is_although_nothing_of_it_changed(store: Store) -> None:
    async with store.watch(REPOSITORY, bookmarks=True) as changes:
        written = await store.create(REGISTRY_SECRET, source("b"))
        bookmark = await anext(changes)
        while bookmark.resource_version < written.resource_version:
            bookmark = await anext(changes)
    assert (bookmark.type, bookmark.body) == ("BOOKMARK", b"")
    async with store.watch(REPOSITORY, since=bookmark.resource_version, bookmarks=True) as changes:
        assert await drain(changes) == []


async def test_a_watch_without_bookmarks_has_none(store: Store) -> None:
    async with store.watch(REPOSITORY) as changes:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await anext(changes)


async def test_a_version_from_the_future_is_gone(store: Store) -> None:
    """It comes from another history, such as before a restore: waiting for it would pass over what happens."""
    async with store.watch(REPOSITORY, since=7) as changes:
        with pytest.raises(Gone):
            await anext(changes)


async def test_a_watch_older_than_the_history_is_gone(store: Store, clock: FakeClock) -> None:
    first = await store.create(REPOSITORY, image("a"))
    await outlive_the_history(store, clock)
    async with store.watch(REPOSITORY, since=first.resource_version) as changes:
        with pytest.raises(Gone):
            await anext(changes)


async def test_changes_of_the_last_five_minutes_are_kept_however_many(store: Store, clock: FakeClock) -> None:
    first = await store.create(REPOSITORY, image("a"))
    await write(store, 10_200)
    await clock.advance(290)
    await let_keep_house(store)
    newest = await store.resource_version()
    async with store.watch(REPOSITORY, since=first.resource_version, bookmarks=True) as changes:
        told = [change.resource_version for change in await drain(changes)]
    assert told == [*range(first.resource_version + 1, newest + 1)]
    assert len(told) > 10_000


async def test_a_watcher_that_does_not_read_is_cut_and_others_go_on(store: Store) -> None:
    async with store.watch(REPOSITORY) as slow, store.watch(REPOSITORY) as prompt:
        for start in range(0, 1500, 100):
            await asyncio.gather(*(store.create(REPOSITORY, image(f"n{start + number}")) for number in range(100)))
            assert len(await take(prompt, 100)) == 100
        with pytest.raises(Gone):
            await take(slow, 1500)


async def test_watches_end_when_the_store_closes(factory: Factory, tmp_path: Path, clock: FakeClock) -> None:
    async with factory(tmp_path, clock) as store:
        watch = store.watch(REPOSITORY)
        changes = await watch.__aenter__()
        await store.create(REPOSITORY, image("a"))
    assert [change.key.name async for change in changes] == ["a"]
    await watch.__aexit__(None, None, None)


async def test_a_change_tells_what_selectors_saw_before_it_where_it_moved_that(store: Store) -> None:
    first = read(await store.create(REPOSITORY, image("a", labels={"app": "web"})))
    first.metadata.labels = {"app": "api"}
    relabelled = await store.replace(REPOSITORY, first)
    await store.replace(REPOSITORY, msgspec.structs.replace(read(relabelled)))
    async with store.watch(REPOSITORY, since=0, bookmarks=True) as changes:
        replayed = await drain(changes)
    before = [change.before for change in replayed]
    assert before == [None, Terms({"app": "web"}, {"spec.registryRef.name": "harbor"}), None]
