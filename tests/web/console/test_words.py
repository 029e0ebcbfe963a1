"""Everything that is said is said in both languages."""

import re
from collections.abc import Iterator

import pytest
from tools import catalogs

from imageyard.domain.text import Language
from imageyard.web import app
from imageyard.web.console import words
from tests.fakes.asgi import Client
from tests.web.console import markup, yard
from tests.web.whole import Server

RENEW = "run `python -m tools.catalogs`, write the Chinese, and commit"
_FORMAT = re.compile(r"%\(\w+\)[sd]")


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_catalogs_hold_what_is_said_and_nothing_else(language: Language) -> None:
    assert catalogs.file(language).read_text(encoding="utf-8") == catalogs.rendered(language), RENEW


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_message_has_its_words_with_the_same_places_for_values(language: Language) -> None:
    for message in words.catalog(language):
        if not message.id:
            continue
        several = isinstance(message.id, tuple | list)
        said = [*(message.string or ())] if several else [message.string]
        meant = message.id[0] if several else message.id
        for text in said:
            assert text, f"{meant!r} has no words in {language}"
            assert sorted(_FORMAT.findall(str(text))) == sorted(_FORMAT.findall(str(meant))), meant


def test_chinese_is_written_in_chinese() -> None:
    """But for what is the same in both."""
    same = {"HTTPS"}
    for message in words.catalog("zh"):
        text = message.string[0] if isinstance(message.string, tuple | list) else str(message.string)
        if message.id and message.id not in same:
            assert re.search(r"[\u4e00-\u9fff]", text), message.id
            assert not re.search(r"标签.*Tag|(?<!t)tag", text) or "Tag" in text


async def test_no_page_shows_a_word_that_is_not_translated(server: Server) -> None:
    made = await server.doors.tokens.create("ada", "ada", ["system:masters"], None)
    pseudo = Client(app.build(server.doors, words.pseudo()), {"authorization": f"Bearer {made.reveal()}"})
    for path in (*yard.PAGES, *yard.OPERATED, *yard.DELETIONS, *yard.FORMS, "/console/patterns", "/console/nowhere"):
        page = (await pseudo.get(path)).text
        assert not [*untranslated(page)], path


def untranslated(page: str) -> Iterator[str]:
    for text in markup.words(page):
        bare = re.sub(r"⟦[^⟧]*⟧", "", text).replace("imageyard", "")
        if re.search(r"[A-Za-z\u4e00-\u9fff]", bare):
            yield text
    for _, given in markup.elements(page):
        spoken = ("aria-label",) if given.get("translate") == "no" else ("aria-label", "placeholder")
        yield from (said for name in spoken if (said := given.get(name)) and "⟦" not in said)


def test_a_number_takes_the_form_of_its_language() -> None:
    said = words.load()
    one, many = "%(num)d image", "%(num)d images"
    assert [said["en"].ngettext(one, many, n) for n in (0, 1, 2)] == [many, one, many]
    assert [said["zh"].ngettext(one, many, n) for n in (0, 1, 2)] == ["%(num)d 个镜像"] * 3
