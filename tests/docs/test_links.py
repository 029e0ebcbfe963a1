"""Every relative link of every Markdown file leads somewhere, its `#…` included."""

from pathlib import Path

import pytest

from tests.docs import pages


@pytest.mark.parametrize("page", pages.EVERYWHERE, ids=lambda page: str(page.relative_to(pages.ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    for target in pages.links(page):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        found = (page.parent / name).resolve() if name else page
        assert found.exists(), f"{page}: {target} leads nowhere"
        if anchor:
            assert anchor in pages.anchors(found), f"{page}: {target} names no heading"


@pytest.mark.parametrize("language", [pages.EN, pages.ZH], ids=["en", "zh"])
def test_the_index_leads_to_every_page(language: Path) -> None:
    named = {target.partition("#")[0] for target in pages.links(language / "README.md")}
    assert {page.name for page in language.glob("*.md")} - {"README.md"} <= named


def test_the_index_of_design_notes_leads_to_every_note() -> None:
    folder = pages.ROOT / "docs" / "design"
    missing = {note.name for note in folder.glob("*.md")} - {"README.md", *pages.links(folder / "README.md")}
    assert not missing, f"docs/design/README.md lacks a line for {sorted(missing)}"
