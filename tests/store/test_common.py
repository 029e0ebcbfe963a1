"""What is common is left out of a search's tokens, as long as others remain."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.kinds import KINDS, REPOSITORY
from imageyard.store.sqlite import connection, objects, search
from imageyard.store.sqlite.common import Common
from imageyard.store.sqlite.store import SQLiteStore
from tests.contract.stores import image
from tests.fakes.clock import FakeClock


async def taught(directory: Path, names: list[str]) -> tuple[Common, int]:
    """What is learnt of images with such names, and the images' first id."""
    async with SQLiteStore.open(directory, KINDS, now=FakeClock().now) as store:
        for name in names:
            await store.create(REPOSITORY, image(name))
    database, common = connection.reader(directory / connection.FILE), Common()
    common.learn(database, 1)
    number = database.execute("SELECT id FROM kinds WHERE resource = ?", (REPOSITORY.plural,)).get
    database.close()
    return common, objects.first_id(int(number))


async def test_a_search_for_one_asks_only_for_what_tells_it_from_others(tmp_path: Path) -> None:
    common, first_id = await taught(tmp_path, [f"image-{number * 7919 % 9973:04}" for number in range(300)])
    assert common.thinned(search.expression("image-4711"), first_id) == '"471" "711"'
    assert common.thinned(search.expression("image"), first_id) == search.expression("image")
    assert common.thinned(search.expression("image-4711"), objects.first_id(999)) == search.expression("image-4711")


async def test_of_a_few_texts_nothing_is_common(tmp_path: Path) -> None:
    common, first_id = await taught(tmp_path, [f"image-{number:04}" for number in range(20)])
    assert common.thinned(search.expression("image-0001"), first_id) == search.expression("image-0001")


async def test_what_is_common_is_learnt_anew_when_much_has_changed(tmp_path: Path) -> None:
    assert Common().is_stale(1)
    common, _ = await taught(tmp_path, ["one"])
    assert not common.is_stale(100_001)
    assert common.is_stale(100_002)


@given(st.text("abc-网关订", min_size=1, max_size=12), st.sets(st.text("abc-网关订", min_size=1, max_size=3)))
def test_some_of_the_tokens_remain_and_none_comes_to_them(term: str, common: set[str]) -> None:
    found = Common({1: frozenset(token for text in common for token in search.tokens(text).split(" "))})
    whole = search.expression(search.fold(term))
    thinned = found.thinned(whole, objects.first_id(1))
    assert thinned
    assert {*thinned.split(" ")} <= {*whole.split(" ")}
