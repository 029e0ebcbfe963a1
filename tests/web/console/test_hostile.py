"""Whatever stands in a field that a user or a registry decides, a page shows it as text and nothing more."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.web import whole
from tests.web.console import markup, yard
from tests.web.console.hostile import HOSTILE, JOINED


@pytest.fixture
def another_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


async def _pages(directory: Path, said: str) -> dict[str, str]:
    async with whole.running(directory) as server:
        await yard.fill(server, said)
        admin = await server.client("ada", "system:masters")
        found = {path: await admin.get(path) for path in (*yard.PAGES, *yard.OPERATED, *yard.DELETIONS, *yard.FORMS)}
        assert {answer.status for answer in found.values()} == {200}
        return {path: answer.text for path, answer in found.items()}


async def test_hostile_words_change_nothing_of_what_a_page_consists_of(tmp_path: Path, another_path: Path) -> None:
    plain = await _pages(tmp_path, yard.PLAIN)
    hostile = await _pages(another_path, JOINED)
    for path, page in hostile.items():
        assert markup.shape(page) == markup.shape(plain[path]), path
    shown = markup.text(hostile["/console/images"])
    assert "<script>alert(1)</script>" in shown
    assert "{{ 7*7 }}" in shown


async def test_hostile_questions_are_answered_as_questions(tmp_path: Path) -> None:
    async with whole.running(tmp_path) as server:
        admin = await server.client("ada", "system:masters")
        plain = markup.shape((await admin.get("/console/images?q=plain&namespace=plain&source=plain")).text)
        for asked in HOSTILE:
            said = quote(asked[:200])
            answer = await admin.get(f"/console/images?q={said}&namespace={said}&source={said}")
            assert answer.status == 200
            assert markup.shape(answer.text) == plain, asked
            missing = await admin.get(f"/console/images/default/{said.replace('/', '%2F')}")
            assert missing.status in (400, 404)
            assert "<script>alert" not in missing.text
