"""What the console says, from gettext catalogs. Message ids are the English sentences.

The catalogs in `locale/` are read as text when the server starts; `tools/catalogs.py` keeps them in step with the code.
"""

import gettext
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Final

from babel.messages import pofile
from babel.messages.catalog import Catalog

from imageyard.domain.text import Language, Text

LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
HTML: Final[Mapping[str, str]] = {"zh": "zh-CN", "en": "en"}
"""What `<html lang>` says."""
DOMAIN: Final = "console"


def marked(message: str) -> str:
    """A message that is translated later, where it is shown."""
    return message


class Words:
    """One language. A message that no catalog has is shown as it is: tests prove that there is none."""

    def __init__(self, language: Language, catalog: Catalog) -> None:
        self.language: Language = language
        self.html = HTML[language]
        self._plural: Callable[[int], int] = gettext.c2py(catalog.plural_expr)
        self._single: dict[str, str] = {}
        self._several: dict[str, tuple[str, ...]] = {}
        for message in catalog:
            if isinstance(message.id, tuple | list):
                self._several[message.id[0]] = tuple(message.string or ())
            elif message.id:
                self._single[message.id] = str(message.string)

    def gettext(self, message: str) -> str:
        return self._single.get(message) or message

    def ngettext(self, one: str, many: str, count: int) -> str:
        forms = self._several.get(one, ())
        place = self._plural(count)
        return forms[place] if place < len(forms) and forms[place] else (one if count == 1 else many)

    def speak(self, text: Text) -> str:
        """A sentence that the product itself says in both languages."""
        return text.speak(self.language)


class Pseudo(Words):
    """English with every string marked: what a page shows without the marks was never translated."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{one if count == 1 else many}⟧"

    def speak(self, text: Text) -> str:
        return f"⟦{text.en}⟧"


@cache
def load() -> Mapping[Language, Words]:
    """Both languages, read once."""
    return {language: Words(language, catalog(language)) for language in LANGUAGES}


@cache
def pseudo() -> Mapping[Language, Words]:
    """For tests: both languages are the pseudo-language."""
    return dict.fromkeys(LANGUAGES, Pseudo("en", catalog("en")))


def catalog(language: Language) -> Catalog:
    file = resources.files(__package__).joinpath("locale", language, "LC_MESSAGES", f"{DOMAIN}.po")
    with file.open("rb") as opened:
        return pofile.read_po(opened, locale=language, domain=DOMAIN)
