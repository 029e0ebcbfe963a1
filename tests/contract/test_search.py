"""Substring search finds exactly what a plain look at the texts finds."""

import asyncio
import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.store import Query, Store
from tests.contract.stores import Factory, image, names, read
from tests.fakes.clock import FakeClock

ALPHABET = "abAB12-_.:/%*\"' 网关订单服务ßİıΣς\x1f\x00é"
texts = st.text(ALPHABET, max_size=12)


def found_by_looking(images: list[Repository], term: str) -> list[str]:
    """The definition: the folded term lies within one folded text. Control characters are all the same to it."""

    def fold(text: str) -> str:
        return text.casefold().translate(dict.fromkeys(b"\x00\x1f", "\ufffd"))

    return sorted(
        obj.metadata.name for obj in images if any(fold(term) in fold(text) for text in REPOSITORY.index(obj).search)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    displays=st.lists(texts, min_size=1, max_size=12),
    terms=st.lists(texts.filter(bool), min_size=1, max_size=10),
    cuts=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 12), st.integers(1, 6)), max_size=10),
)
def test_search_finds_what_a_plain_look_finds(
    factory: Factory, displays: list[str], terms: list[str], cuts: list[tuple[int, int, int]]
) -> None:
    """Any term of any length and script, before and after the index has caught up with the writes."""
    images = [image(f"{'ab'[number % 2]}{number}", display=display) for number, display in enumerate(displays)]
    # Pieces of what is there, so that many terms match something.
    terms += [piece for which, at, size in cuts if (piece := displays[which % len(displays)][at : at + size])]

    async def search() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with factory(Path(folder), FakeClock()) as store:
                await asyncio.gather(*(store.create(REPOSITORY, obj) for obj in images))
                await _compare(store)
            async with factory(Path(folder), FakeClock()) as store:
                await asyncio.sleep(0.05)
                await _compare(store)

    async def _compare(store: Store) -> None:
        for term in terms:
            page = await store.list(REPOSITORY, Query(search=term))
            assert names(page.items) == found_by_looking(images, term), term
            assert await store.count(REPOSITORY, Query(search=term)) == len(page.items)
            filtered = Query(
                search=term, namespaces=frozenset({"default"}), status="", offset=1, limit=2, most_counted=4
            )
            some = await store.list(REPOSITORY, filtered)
            expected = names(page.items)
            assert names(some.items) == expected[1:3], term
            assert some.total in (min(len(expected), 5), len(expected)), term

    asyncio.run(search())


@pytest.mark.parametrize("term", ['"', "*", "%", "_", "a OR b", "NEAR(a b)", "name:x", "^a", "'; --", "(", "\\"])
async def test_no_character_has_a_meaning(store: Store, term: str) -> None:
    await store.create(REPOSITORY, image("plain"))
    await store.create(REPOSITORY, image("odd", display=f"x{term}y"))
    assert names((await store.list(REPOSITORY, Query(search=term))).items) == ["odd"]


async def test_nothing_matches_across_texts(store: Store) -> None:
    await store.create(REPOSITORY, image("ab", display="cd"))
    for term in ("bc", "abc", "bcd", "abcd", "dte"):
        assert await store.count(REPOSITORY, Query(search=term)) == 0


async def test_only_the_searchable_texts_are_looked_into(store: Store) -> None:
    await store.create(REPOSITORY, image("a", labels={"app": "frontend"}, source="harbor"))
    assert await store.count(REPOSITORY, Query(search="frontend")) == 0
    assert await store.count(REPOSITORY, Query(search="harbor")) == 0


async def test_search_follows_changes_of_the_texts(store: Store) -> None:
    stored = await store.create(REPOSITORY, image("a", display="网关一号"))
    for display, gone in (("订单", "网关"), ("网关", "订单"), ("服务", "网关")):
        await asyncio.sleep(0.06)  # the index may or may not have caught up: both are right
        changed = read(stored)
        changed.metadata.annotations["theriseunion.io/display-name"] = display
        stored = await store.replace(REPOSITORY, changed)
        assert await store.count(REPOSITORY, Query(search=display)) == 1
        assert await store.count(REPOSITORY, Query(search=gone)) == 0
    await store.delete(REPOSITORY, "default", "a")
    assert await store.count(REPOSITORY, Query(search="服务")) == 0


async def test_pages_of_a_search_have_order_and_total(store: Store) -> None:
    await asyncio.gather(*(store.create(REPOSITORY, image(f"n{number:03}", display="网关")) for number in range(50)))
    page = await store.list(REPOSITORY, Query(search="网", offset=20, limit=10))
    assert names(page.items) == [f"n{number:03}" for number in range(20, 30)]
    assert page.total == 50


@pytest.mark.parametrize("limit", [1, 4, 40])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("sort_by", ["name", "createTime", "lastSynced", "status"])
async def test_a_search_that_most_objects_match_has_the_same_pages(
    store: Store, sort_by: Literal["name", "createTime", "lastSynced", "status"], ascending: bool, limit: int
) -> None:
    several = [image(f"n{n:02}", display="网关" if n % 5 else "别的") for n in range(40)]
    await asyncio.gather(*(store.create(REPOSITORY, each) for each in several))
    asked = Query(search="网", sort_by=sort_by, ascending=ascending, offset=2, limit=limit)
    wanted = [f"n{n:02}" for n in range(40) if n % 5]
    page = await store.list(REPOSITORY, asked)
    ordered = wanted if ascending else wanted[::-1]
    assert (names(page.items), page.total) == (ordered[2 : 2 + limit], 32)


async def test_a_total_is_counted_no_further_than_asked(store: Store) -> None:
    await asyncio.gather(*(store.create(REPOSITORY, image(f"n{n}", display="网关")) for n in range(9)))
    for most, told in ((3, 4), (8, 9), (9, 9), (20, 9)):
        for sort_by in ("name", "status"):
            query = Query(search="网", sort_by=sort_by, offset=0, limit=2, most_counted=most)
            # Whoever happens to know the total may tell it.
            assert (await store.list(REPOSITORY, query)).total in {told, 9}
    assert (await store.list(REPOSITORY, Query(search="网", offset=0, limit=2))).total == 9
    assert (await store.list(REPOSITORY, Query(offset=0, limit=2, most_counted=3))).total == 9


async def test_what_many_texts_share_hides_nothing(factory: Factory, tmp_path: Path) -> None:
    """Alike texts are told apart by the parts that differ; each of them is found, and by a shared part all are."""
    words = ("网关", "订单服务", "边缘节点")
    alike = [image(f"image-{number:04}", display=f"{words[number % 3]} {number // 3}") for number in range(150)]
    async with factory(tmp_path, FakeClock()) as store:
        await asyncio.gather(*(store.create(REPOSITORY, obj) for obj in alike))
    async with factory(tmp_path, FakeClock()) as store:
        await asyncio.sleep(0.05)  # the index catches up with the writes
        for term in (
            "image-0042",
            "image-",
            "mage-01",
            "边缘节点 1",
            "team/image-0007:v1",
            "age-0",
            "订单服务",
            "image-9",
        ):
            found = await store.list(REPOSITORY, Query(search=term, offset=0, limit=200))
            assert names(found.items) == found_by_looking(alike, term), term
