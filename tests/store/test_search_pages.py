"""Pages of searches with many matches: found in one of several ways, which have to agree."""

import asyncio
import random
from pathlib import Path

import pytest

from imageyard.domain.kinds import REPOSITORY
from imageyard.store import Page, Query
from imageyard.store.sqlite import hits
from tests.contract.stores import image, names
from tests.store.conftest import Opener

COUNT = 60


def alias(number: int) -> str:
    """The last third is called otherwise than all before."""
    return "边缘网关" if number >= COUNT * 2 // 3 else "ordinary"


def make_few_many(monkeypatch: pytest.MonkeyPatch) -> None:
    for bound, value in {"_FEW": 8, "_MANY": 1, "_SORTED": 2}.items():
        monkeypatch.setattr(hits, bound, value)


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
    make_few_many(monkeypatch)
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


async def test_a_page_and_its_total_are_of_one_moment_while_objects_come_and_go(
    opener: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_few_many(monkeypatch)
    chosen = random.Random(1)
    history: list[tuple[int, frozenset[str]]] = []
    """Who matches, from a version on."""
    answers: list[tuple[Query, Page]] = []
    async with opener() as store:

        async def write() -> None:
            there: set[str] = set()
            for _ in range(400):
                name = f"n{chosen.randrange(COUNT):03}"
                if name in there:
                    written = await store.delete(REPOSITORY, "a", name)
                else:
                    written = await store.create(REPOSITORY, image(name, "a", display="边缘网关"))
                there ^= {name}
                history.append((written.resource_version, frozenset(there)))

        async def ask(term: str) -> None:
            while len(history) < 400:
                asked = Query(search=term, offset=chosen.choice([0, 3, 30]), limit=3, ascending=chosen.random() < 0.5)
                answers.append((asked, await store.list(REPOSITORY, asked)))
                await asyncio.sleep(0)

        await asyncio.gather(write(), *map(ask, ["网", "边缘网关", "n0"]))
    for asked, page in answers:
        there = max((entry for entry in history if entry[0] <= page.resource_version), default=(0, frozenset()))[1]
        found = sorted(there, reverse=not asked.ascending)
        assert (page.total, names(page.items)) == (len(there), found[asked.offset or 0 :][:3])
