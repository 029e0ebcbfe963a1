"""A page's markup as tests look at it."""

from html.parser import HTMLParser
from typing import Final

VOID: Final = frozenset({"meta", "link", "input", "br", "hr", "img"})
Attributes = list[tuple[str, str | None]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, bool]] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value or "" for name, value in attrs}
        self.elements.append((tag, given))
        quiet = (self._open[-1][1] if self._open else False) or given.get("translate") == "no"
        if tag not in VOID:
            self._open.append((tag, quiet or tag in ("script", "style")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((data.strip(), self._open[-1][1] if self._open else False))


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every element, in order, with its attributes."""
    return _read(page).elements


def shape(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """What a page consists of, whatever it says: tags and the names of their attributes."""
    return [(tag, tuple(sorted(given))) for tag, given in elements(page)]


def words(page: str) -> list[str]:
    """The texts that are words, not data."""
    return [text for text, is_data in _read(page).texts if not is_data]


def text(page: str) -> str:
    return " ".join(text for text, _ in _read(page).texts)


def links(page: str) -> list[str]:
    return [given["href"] for tag, given in elements(page) if tag == "a" and "href" in given]


def actions(page: str) -> set[str]:
    """Where forms that change something go."""
    found = {given["action"] for tag, given in elements(page) if tag == "form" and given.get("method") == "post"}
    return found - {"/console/preferences", "/console/sign-out"}


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader
