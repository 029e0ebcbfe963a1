"""Both languages say the same: page by page, heading by heading, command by command."""

import json
import re

import pytest

from tests.docs import pages
from tests.docs.pages import EN, NAMES, ZH, Block


def test_every_page_is_there_in_both_languages() -> None:
    assert {page.name for page in ZH.glob("*.md")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_headings_mirror_each_other(name: str) -> None:
    assert [level for level, _ in pages.headings(EN / name)] == [level for level, _ in pages.headings(ZH / name)]


@pytest.mark.parametrize("name", NAMES)
def test_code_blocks_mirror_each_other(name: str) -> None:
    """Commands and configuration are the same to the letter; answers may speak the reader's language."""
    assert [_comparable(block) for block in pages.blocks(EN / name)] == [
        _comparable(block) for block in pages.blocks(ZH / name)
    ]


def _comparable(block: Block) -> Block:
    if block.info in ("json", "text"):
        return Block(block.info, "")
    return Block(block.info, re.sub(r"Accept-Language: (en|zh)", "Accept-Language", block.text))


@pytest.mark.parametrize("name", NAMES)
def test_every_block_says_what_it_is_and_json_is_json(name: str) -> None:
    for page in (EN / name, ZH / name):
        for block in pages.blocks(page):
            assert block.info, f"{page}: a block without info string: {block.text[:40]}"
            if block.info == "json":
                json.loads(block.text)


@pytest.mark.parametrize("name", NAMES)
def test_the_languages_lead_to_each_other(name: str) -> None:
    assert f"../zh/{name}" in pages.links(EN / name)
    assert f"../en/{name}" in pages.links(ZH / name)
