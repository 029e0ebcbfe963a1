"""Pages of searches with many matches: found in one of three ways, which have to agree."""

from pathlib import Path

import pytest

from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Query
from imageyard.store.sqlite import hits
from tests.contract.stores import image, names
from tests.store.conftest import Opener

COUNT = 60


def alias(number: int) -> str:
    """The last third is called otherwise than all before."""
    return "边缘网关" if number >= COUNT * 2 // 3 else "ordinary"


@pytest.mark.parametrize("term", ["网", "网关", "边缘网关", "n", "n00"])
@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("namespaces", [None, frozenset({"b"})])
async def test_a_page_is_found_wherever_its_matches_lie(
    opener: Opener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    term: str,
    ascending: bool,
    namespaces: frozenset[str] | None,
) -> None:
    """With bounds so small that a few objects are many: matches that lie behind all that is looked at one by one. Pages
    that were asked for before tell of what came since."""
    for bound, value in {"_FEW": 8, "_MANY": 1, "_SORTED": 2}.items():
        monkeypatch.setattr(hits, bound, value)
    async with opener() as store:
        for number in range(COUNT):
            await store.create(REPOSITORY, image(f"n{number:03}", "ab"[number % 2], display=alias(number)))
        for change in range(3):
            whole = await store.list(REPOSITORY, Query(search=term, namespaces=namespaces, ascending=ascending))
            assert whole.total > 4
            for offset in (0, 3, whole.total - 2, whole.total, 0, 3):
                asked = Query(search=term, namespaces=namespaces, ascending=ascending, offset=offset, limit=3)
                page = await store.list(REPOSITORY, asked)
                assert names(page.items) == names(whole.items)[offset : offset + 3]
                assert page.total == whole.total
            await store.create(REPOSITORY, image(f"n00{change}-new", "b", display="边缘网关 n"))
