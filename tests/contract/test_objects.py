"""Create, get, replace, delete: what one object may rely on."""

import asyncio
from pathlib import Path

import pytest

from imageyard.domain.errors import AlreadyExists, Conflict, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.objects import Key
from imageyard.store import Query, Store
from tests.contract.stores import Factory, image, names, read, source, synced
from tests.fakes.clock import FakeClock


async def test_what_was_created_is_what_is_read(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    assert await store.get(REPOSITORY, "default", "nginx") == created
    assert created.key == Key("repositories", "default", "nginx")


async def test_the_bytes_hold_their_resource_version(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    assert read(created).metadata.resource_version == str(created.resource_version)
    replaced = await store.replace(REPOSITORY, synced(created))
    assert read(replaced).metadata.resource_version == str(replaced.resource_version)


async def test_the_callers_object_is_left_as_it_is(store: Store) -> None:
    given = image("nginx")
    await store.create(REPOSITORY, given)
    assert given.metadata.resource_version == ""


async def test_a_name_is_taken_once(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    with pytest.raises(AlreadyExists):
        await store.create(REPOSITORY, image("nginx"))
    assert await store.get(REPOSITORY, "default", "nginx") == created


async def test_the_same_name_is_free_in_another_namespace_and_kind(store: Store) -> None:
    await store.create(REPOSITORY, image("x"))
    await store.create(REPOSITORY, image("x", "edge"))
    await store.create(REGISTRY_SECRET, source("x"))
    assert (await store.get(REGISTRY_SECRET, "default", "x")).key.resource == "registrysecrets"


async def test_a_missing_object_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.get(REPOSITORY, "default", "nginx")
    with pytest.raises(NotFound):
        await store.delete(REPOSITORY, "default", "nginx")
    with pytest.raises(NotFound):
        await store.replace(REPOSITORY, image("nginx"))


async def test_versions_rise_with_every_write_of_any_kind(store: Store) -> None:
    first = await store.create(REPOSITORY, image("a"))
    second = await store.create(REGISTRY_SECRET, source("a"))
    third = await store.replace(REPOSITORY, synced(first))
    fourth = await store.delete(REPOSITORY, "default", "a")
    versions = [w.resource_version for w in (first, second, third, fourth)]
    assert versions == sorted(set(versions))
    assert await store.resource_version() == versions[-1]


async def test_a_refused_write_uses_no_version(store: Store) -> None:
    created = await store.create(REPOSITORY, image("a"))
    with pytest.raises(AlreadyExists):
        await store.create(REPOSITORY, image("a"))
    assert (await store.create(REPOSITORY, image("b"))).resource_version == created.resource_version + 1


async def test_replace_needs_the_version_it_writes_over(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    replaced = await store.replace(REPOSITORY, synced(created))
    with pytest.raises(Conflict):
        await store.replace(REPOSITORY, synced(created, 2))
    unnamed = synced(replaced, 3)
    unnamed.metadata.resource_version = ""
    with pytest.raises(Conflict):
        await store.replace(REPOSITORY, unnamed)
    assert await store.get(REPOSITORY, "default", "nginx") == replaced


async def test_replace_of_a_recreated_object_is_not_found(store: Store) -> None:
    old = await store.create(REPOSITORY, image("nginx"))
    await store.delete(REPOSITORY, "default", "nginx")
    await store.create(REPOSITORY, image("nginx"))
    with pytest.raises(NotFound):
        await store.replace(REPOSITORY, synced(old))


async def test_a_write_goes_against_the_version_it_was_called_with(store: Store) -> None:
    """Its caller may change the object before the store gets to the write."""
    stale = read(await store.create(REPOSITORY, image("x")))
    newest = await store.replace(REPOSITORY, synced(await store.get(REPOSITORY, "default", "x")))
    writing = asyncio.ensure_future(store.replace(REPOSITORY, stale))
    await asyncio.sleep(0)
    stale.metadata.resource_version = str(newest.resource_version)
    with pytest.raises(Conflict):
        await writing


async def test_of_racing_writers_one_wins(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    writes = (store.replace(REPOSITORY, synced(created, minutes)) for minutes in range(20))
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert won == [await store.get(REPOSITORY, "default", "nginx")]
    assert all(isinstance(outcome, Conflict) for outcome in outcomes if outcome not in won)


async def test_who_guesses_the_version_of_a_write_under_way_comes_after_it(store: Store) -> None:
    """In every index: one of the two writes has another status, the other only another time."""
    created = await store.create(REPOSITORY, image("nginx"))
    other = await store.create(REPOSITORY, image("other"))
    first, second = synced(created, status="Failed"), synced(created, 2, status="Failed")
    second.metadata.resource_version = str(other.resource_version + 1)
    written = await asyncio.gather(store.replace(REPOSITORY, first), store.replace(REPOSITORY, second))
    assert written[1] == await store.get(REPOSITORY, "default", "nginx")
    assert names((await store.list(REPOSITORY, Query(status="Failed"))).items) == ["nginx"]
    third, fourth = synced(written[1], 3, status="Failed"), synced(written[1], 4)
    fourth.metadata.resource_version = str(written[1].resource_version + 1)
    await asyncio.gather(store.replace(REPOSITORY, third), store.replace(REPOSITORY, fourth))
    assert names((await store.list(REPOSITORY, Query(status="Success"))).items) == ["nginx"]
    assert not (await store.list(REPOSITORY, Query(status="Failed"))).items


async def test_of_replaces_under_way_each_is_judged_by_itself(store: Store) -> None:
    made = [await store.create(REPOSITORY, image(f"n{number:02}")) for number in range(23)]
    await store.delete(REPOSITORY, "default", "n05")
    await store.replace(REPOSITORY, synced(made[7]))
    statuses = ["Success" if number % 3 else "Failed" for number in range(23)]
    writes = [store.replace(REPOSITORY, synced(each, 2, status)) for each, status in zip(made, statuses, strict=True)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(outcomes[5], NotFound)
    assert isinstance(outcomes[7], Conflict)
    failed = await store.list(REPOSITORY, Query(status="Failed"))
    assert names(failed.items) == [f"n{number:02}" for number in range(0, 23, 3)]
    for number in {*range(23)} - {5, 7}:
        assert outcomes[number] == await store.get(REPOSITORY, "default", f"n{number:02}")


async def test_of_racing_creates_one_wins(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(store.create(REPOSITORY, image("nginx")) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 19


async def test_delete_answers_the_last_state(store: Store) -> None:
    created = await store.create(REPOSITORY, image("nginx", display="网关"))
    deleted = await store.delete(REPOSITORY, "default", "nginx")
    assert (deleted.key, deleted.uid) == (created.key, created.uid)
    before, after = read(created), read(deleted)
    assert after.metadata.resource_version == str(deleted.resource_version)
    after.metadata.resource_version = before.metadata.resource_version
    assert after == before
    with pytest.raises(NotFound):
        await store.get(REPOSITORY, "default", "nginx")


@pytest.mark.parametrize("wrong", [{"uid": "another"}, {"resource_version": "999"}], ids=str)
async def test_delete_keeps_its_preconditions(store: Store, wrong: dict[str, str]) -> None:
    created = await store.create(REPOSITORY, image("nginx"))
    with pytest.raises(Conflict):
        await store.delete(REPOSITORY, "default", "nginx", **wrong)
    right = {"uid": created.uid, "resource_version": str(created.resource_version)}
    await store.delete(REPOSITORY, "default", "nginx", **right)


async def test_a_cancelled_caller_leaves_no_half_write(store: Store) -> None:
    """The write happens as a whole or not at all, and those that follow are not disturbed."""
    task = asyncio.create_task(store.create(REPOSITORY, image("nginx"), sealed=b"x"))
    await asyncio.sleep(0)
    task.cancel()
    await store.create(REPOSITORY, image("other"))
    try:
        await store.get(REPOSITORY, "default", "nginx")
    except NotFound:
        return
    assert await store.sealed(REPOSITORY, "default", "nginx") == b"x"


async def test_everything_is_there_after_a_restart(factory: Factory, tmp_path: Path, clock: FakeClock) -> None:
    async with factory(tmp_path, clock) as store:
        created = await store.create(REPOSITORY, image("nginx"), sealed=b"\x00\xff")
        gone = await store.create(REPOSITORY, image("gone"))
        await store.delete(REPOSITORY, "default", "gone")
        version = await store.resource_version()
    async with factory(tmp_path, clock) as store:
        assert await store.get(REPOSITORY, "default", "nginx") == created
        assert await store.sealed(REPOSITORY, "default", "nginx") == b"\x00\xff"
        assert await store.resource_version() == version > gone.resource_version
        assert (await store.create(REPOSITORY, image("next"))).resource_version == version + 1
