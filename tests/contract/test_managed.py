"""managedFields lie beside an object: read with it, told with its changes, never inside its bytes."""

from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Change, Query, Store
from tests.contract.stores import drain, image, read, synced

MINE, THEIRS = b'[{"manager":"kubectl"}]', b'[{"manager":"gitops"}]'


async def told(store: Store) -> list[Change]:
    async with store.watch(REPOSITORY, since=0, bookmarks=True) as changes:
        return await drain(changes)


async def test_they_are_read_with_the_object_and_are_no_part_of_it(store: Store) -> None:
    made = await store.create(REPOSITORY, image("x"), managed=MINE)
    bare = await store.create(REPOSITORY, image("y"))
    assert (made.managed, bare.managed) == (MINE, b"")
    assert b"manage" not in made.body
    assert await store.get(REPOSITORY, "default", "x") == made
    for query in (Query(), Query(limit=10), Query(search="team"), Query(sort_by="createTime", limit=10)):
        assert {stored.managed for stored in (await store.list(REPOSITORY, query)).items} == {MINE, b""}


async def test_a_write_keeps_them_unless_it_brings_others(store: Store) -> None:
    first = await store.create(REPOSITORY, image("x"), managed=MINE)
    kept = await store.replace(REPOSITORY, synced(first, 1))
    changed = await store.replace(REPOSITORY, synced(kept, 2), managed=THEIRS)
    gone = await store.replace(REPOSITORY, synced(changed, 3), managed=b"")
    assert [each.managed for each in (kept, changed, gone)] == [MINE, THEIRS, b""]
    assert (await store.get(REPOSITORY, "default", "x")).managed == b""
    assert [change.managed for change in await told(store)] == [MINE, MINE, THEIRS, b""]


async def test_a_deletion_tells_the_last_ones_and_a_new_object_of_the_name_has_none(store: Store) -> None:
    await store.create(REPOSITORY, image("x"), managed=MINE)
    assert (await store.delete(REPOSITORY, "default", "x")).managed == MINE
    assert (await told(store))[-1].managed == MINE
    await store.create(REPOSITORY, image("x"))
    assert (await store.get(REPOSITORY, "default", "x")).managed == b""
    assert read(await store.get(REPOSITORY, "default", "x")).metadata.name == "x"
