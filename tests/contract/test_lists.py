"""Lists: pages, orders, filters, continuation. Each is one snapshot with a true total."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from imageyard.domain import selector
from imageyard.domain.errors import BadRequest, Gone
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.store import Query, Store, Stored
from tests.contract.stores import image, let_keep_house, names, outlive_the_history, source, synced, write
from tests.fakes.clock import START, FakeClock


def labels(text: str) -> Query:
    return Query(labels=selector.parse_labels(text))


def fields(text: str) -> Query:
    allowed = frozenset({"metadata.name", "metadata.namespace", *REPOSITORY.selectable})
    return Query(fields=selector.parse_fields(text, allowed))


async def fill(store: Store, count: int, *namespaces: str) -> None:
    """`count` images named n0000, n0001 … dealt out over the namespaces."""
    objects = [image(f"n{number:04}", namespaces[number % len(namespaces)]) for number in range(count)]
    await asyncio.gather(*(store.create(REPOSITORY, obj) for obj in objects))


async def pages(store: Store, query: Callable[[str], Query]) -> list[list[Stored]]:
    """All pages of a list that is continued by token."""
    found, token = [], ""
    while True:
        page = await store.list(REPOSITORY, query(token))
        found.append(list(page.items))
        if not (token := page.continuation):
            return found


async def test_the_order_is_namespace_then_name(store: Store) -> None:
    for namespace, name in (("b", "a"), ("a", "b"), ("a-b", "c"), ("a", "a.b"), ("a", "a-b")):
        await store.create(REPOSITORY, image(name, namespace))
    page = await store.list(REPOSITORY, Query())
    keys = [(item.key.namespace, item.key.name) for item in page.items]
    assert keys == sorted(keys)
    assert (page.total, page.continuation) == (5, "")


@pytest.mark.parametrize("namespaces", [None, ["b"], ["a", "c"], ["c", "nothing"], []], ids=str)
@pytest.mark.parametrize("ascending", [True, False])
async def test_every_page_is_that_slice_of_the_whole(
    store: Store, namespaces: list[str] | None, ascending: bool
) -> None:
    """Pages far behind begin at the right object, also after names came and went in between."""
    await fill(store, 1500, "a", "b", "c", "c")
    await store.list(REPOSITORY, Query(offset=1400, limit=1))
    for number in range(0, 1500, 3):
        await store.delete(REPOSITORY, ("a", "b", "c", "c")[number % 4], f"n{number:04}")
    await asyncio.gather(*(store.create(REPOSITORY, image(f"n{number:04}x", "c")) for number in range(700)))
    scope = None if namespaces is None else frozenset(namespaces)
    whole = await store.list(REPOSITORY, Query(namespaces=scope, ascending=ascending))
    assert await store.count(REPOSITORY, Query(namespaces=scope)) == whole.total == len(whole.items)
    for offset in (0, 5, 399, 640, 1100, max(0, whole.total - 7), whole.total + 3):
        query = Query(namespaces=scope, ascending=ascending, offset=offset, limit=13)
        page = await store.list(REPOSITORY, query)
        assert list(page.items) == list(whole.items)[offset : offset + 13]
        assert page.total == whole.total


async def test_a_page_past_the_end_is_empty_with_the_true_total(store: Store) -> None:
    await fill(store, 3, "a")
    page = await store.list(REPOSITORY, Query(offset=30, limit=10))
    assert (list(page.items), page.total, page.continuation) == ([], 3, "")


async def test_a_list_is_of_its_kind(store: Store) -> None:
    await store.create(REPOSITORY, image("a"))
    await store.create(REGISTRY_SECRET, source("b"))
    assert names((await store.list(REGISTRY_SECRET, Query())).items) == ["b"]
    assert await store.count(REGISTRY_SECRET, Query()) == 1


async def test_a_list_tells_the_version_it_is_of(store: Store) -> None:
    assert (await store.list(REPOSITORY, Query())).resource_version == 0
    created = await store.create(REPOSITORY, image("a"))
    assert (await store.list(REPOSITORY, Query(limit=1))).resource_version == created.resource_version


@pytest.mark.parametrize(
    "make",
    [
        lambda token: Query(limit=7, continuation=token),
        lambda token: Query(limit=7, continuation=token, ascending=False),
        lambda token: Query(limit=7, continuation=token, namespaces=frozenset({"b"})),
        lambda token: Query(limit=7, continuation=token, namespaces=frozenset({"a", "b"})),
        lambda token: Query(limit=7, continuation=token, search="n0"),
        lambda token: Query(limit=7, continuation=token, sort_by="createTime"),
    ],
    ids=["all", "descending", "one namespace", "two namespaces", "search", "by time"],
)
async def test_continued_pages_make_up_the_whole(store: Store, make: Callable[[str], Query]) -> None:
    await fill(store, 60, "a", "b", "c")
    found = [item for page in await pages(store, make) for item in page]
    assert found == list((await store.list(REPOSITORY, Query(**{**_as_dict(make("")), "limit": None}))).items)


async def test_continued_pages_tell_the_first_ones_version_so_that_a_watch_misses_nothing(store: Store) -> None:
    await fill(store, 10, "a")
    first = await store.list(REPOSITORY, Query(limit=4))
    await store.create(REPOSITORY, image("a-new-one", "a"))
    second = await store.list(REPOSITORY, Query(limit=4, continuation=first.continuation))
    assert second.resource_version == first.resource_version
    assert names(second.items) == ["n0004", "n0005", "n0006", "n0007"]


async def test_the_object_a_token_ends_at_may_be_deleted(store: Store) -> None:
    await fill(store, 5, "a")
    first = await store.list(REPOSITORY, Query(limit=2))
    await store.delete(REPOSITORY, "a", "n0001")
    second = await store.list(REPOSITORY, Query(limit=2, continuation=first.continuation))
    assert names(second.items) == ["n0002", "n0003"]


@pytest.mark.parametrize("query", [Query(limit=2), Query(limit=2, search="n0")], ids=["plain", "search"])
async def test_a_token_older_than_the_history_is_gone(store: Store, clock: FakeClock, query: Query) -> None:
    await fill(store, 5, "a")
    token = (await store.list(REPOSITORY, query)).continuation
    await outlive_the_history(store, clock)
    with pytest.raises(Gone):
        await store.list(REPOSITORY, Query(**{**_as_dict(query), "continuation": token}))


async def test_history_is_kept_for_five_minutes_however_much_there_is(store: Store, clock: FakeClock) -> None:
    await fill(store, 5, "a")
    token = (await store.list(REPOSITORY, Query(limit=2))).continuation
    await write(store, 10_100)
    await clock.advance(290)
    await let_keep_house(store)
    page = await store.list(REPOSITORY, Query(limit=2, continuation=token))
    assert names(page.items) == ["n0002", "n0003"]


@pytest.mark.parametrize("token", ["x", "W10", "!!", "WzEsMl0", "ÿ"])
async def test_what_is_no_token_is_a_bad_request(store: Store, token: str) -> None:
    with pytest.raises(BadRequest):
        await store.list(REPOSITORY, Query(limit=2, continuation=token))


async def test_a_token_serves_the_order_it_was_made_for(store: Store) -> None:
    await fill(store, 5, "a")
    token = (await store.list(REPOSITORY, Query(limit=2))).continuation
    with pytest.raises(BadRequest):
        await store.list(REPOSITORY, Query(limit=2, sort_by="createTime", continuation=token))
    with pytest.raises(BadRequest):
        await store.list(REGISTRY_SECRET, Query(limit=2, continuation=token))


async def test_orders_fall_back_to_namespace_and_name(store: Store) -> None:
    for name, seconds in (("c", 0), ("a", 5), ("b", 5), ("d", 1)):
        await store.create(REPOSITORY, image(name, created=START + timedelta(seconds=seconds)))
    by_time = await store.list(REPOSITORY, Query(sort_by="createTime"))
    assert names(by_time.items) == ["c", "d", "a", "b"]
    backwards = await store.list(REPOSITORY, Query(sort_by="createTime", ascending=False, limit=2, offset=1))
    assert names(backwards.items) == ["a", "d"]


async def test_lists_follow_status_and_last_sync(store: Store) -> None:
    for name, minutes, status in (("a", 3, "Success"), ("b", 1, "Failed"), ("c", 2, "Success")):
        await store.replace(REPOSITORY, synced(await store.create(REPOSITORY, image(name)), minutes, status))
    await store.create(REPOSITORY, image("d"))
    assert names((await store.list(REPOSITORY, Query(sort_by="lastSynced"))).items) == ["d", "b", "c", "a"]
    assert names((await store.list(REPOSITORY, Query(sort_by="status"))).items) == ["d", "b", "a", "c"]
    page = await store.list(REPOSITORY, Query(status="Success", limit=1))
    assert (names(page.items), page.total) == (["a"], 2)
    assert await store.count(REPOSITORY, Query(status="")) == 1


async def test_what_fails_and_refers_is_found(store: Store) -> None:
    for name, origin, status in (("a", "x", "Failed"), ("b", "x", "Success"), ("c", "y", "Failed")):
        created = await store.create(REPOSITORY, image(name, source=origin))
        await store.replace(REPOSITORY, synced(created, status=status))
    assert names((await store.list(REPOSITORY, Query(failing=True))).items) == ["a", "c"]
    assert names((await store.list(REPOSITORY, Query(failing=False))).items) == ["b"]
    assert names((await store.list(REPOSITORY, Query(reference="default/x"))).items) == ["a", "b"]
    assert names((await store.list(REPOSITORY, Query(reference="default/x", failing=True))).items) == ["a"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (labels("app=web"), "ab"),
        (labels("app!=web"), "cd"),
        (labels("app in (web,db),tier"), "ac"),
        (labels("tier"), "ac"),
        (labels("!tier"), "bd"),
        (labels("app notin (db,web)"), "d"),
        (labels("app="), ""),
        (fields("metadata.name=b"), "b"),
        (fields("metadata.name!=b,metadata.namespace=default"), "acd"),
        (fields("spec.registryRef.name=hub"), "d"),
        (fields("spec.registryRef.name!=hub"), "abc"),
        (fields("status.syncStatus="), "abcd"),
        (fields("status.syncStatus!="), ""),
        (Query(labels=selector.parse_labels("app=web"), search="TEAM/A"), "a"),
        (Query(labels=selector.parse_labels("!tier"), namespaces=frozenset({"default"}), status=""), "bd"),
        (Query(search="team", sort_by="createTime", ascending=False), "dcba"),
    ],
    ids=lambda value: str(value.labels or value.fields or value.search) if isinstance(value, Query) else "",
)
async def test_selectors_select_as_in_kubernetes(store: Store, query: Query, expected: str) -> None:
    await store.create(REPOSITORY, image("a", labels={"app": "web", "tier": "1"}))
    await store.create(REPOSITORY, image("b", labels={"app": "web"}))
    await store.create(REPOSITORY, image("c", labels={"app": "db", "tier": ""}))
    await store.create(REPOSITORY, image("d", source="hub"))
    page = await store.list(REPOSITORY, query)
    assert "".join(names(page.items)) == expected
    assert await store.count(REPOSITORY, query) == page.total == len(expected)


async def test_changed_labels_and_fields_are_followed(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a", labels={"app": "web", "old": "x"}))
    changed = synced(stored)
    changed.metadata.labels = {"app": "db"}
    await store.replace(REPOSITORY, changed)
    for query, count in ((labels("app=web"), 0), (labels("app=db"), 1), (labels("old"), 0)):
        assert await store.count(REPOSITORY, query) == count
    assert await store.count(REPOSITORY, fields("status.syncStatus=Success")) == 1
    await store.delete(REPOSITORY, "default", "a")
    assert await store.count(REPOSITORY, labels("app=db")) == 0


def _as_dict(query: Query) -> dict[str, Any]:
    return {name: getattr(query, name) for name in Query.__dataclass_fields__}
