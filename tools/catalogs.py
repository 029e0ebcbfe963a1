"""Keep the console's catalogs in step with its templates and code: `python -m tools.catalogs` adds what is new to
`locale/*/LC_MESSAGES/console.po` and drops what nobody says any more. English says its own ids; Chinese is written by
hand, and an empty line there fails tests/web/console/test_words.py."""

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel.messages import extract, pofile
from babel.messages.catalog import Catalog
from jinja2.ext import babel_extract

from imageyard.domain.text import Language
from imageyard.web.console import words

ROOT: Final = Path(words.__file__).parent
Id = str | tuple[str, str]
_KEYWORDS: Final[dict[str, Any]] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "marked": None,
}  # fmt: skip


def said() -> dict[Id, list[str]]:
    """Every message, and the files that say it."""
    found: dict[Id, list[str]] = {}
    for file, message in _all():
        if not message:
            continue  # not a literal: its words are `marked` where they stand
        key = (message[0], message[1]) if isinstance(message, tuple | list) else message
        places = found.setdefault(key, [])
        if file not in places:
            places.append(file)
    return found


def _all() -> Iterator[tuple[str, Any]]:
    for path in sorted(ROOT.rglob("*.html")):
        with path.open("rb") as opened:
            options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
            for _, _, message, _ in babel_extract(opened, [*_KEYWORDS], [], options):
                yield path.relative_to(ROOT).as_posix(), _plain(message)
    for path in sorted(ROOT.rglob("*.py")):
        with path.open("rb") as opened:
            for _, message, _, _ in extract.extract("python", opened, _KEYWORDS):
                yield path.relative_to(ROOT).as_posix(), message


def _plain(message: Any) -> Any:
    """Jinja tells of every argument: those that are no text are None."""
    texts = [each for each in message if each] if isinstance(message, tuple) else [message]
    return texts[0] if len(texts) == 1 else tuple(texts)


def renewed(language: Language) -> Catalog:
    """The catalog of a language with exactly the messages that are said now."""
    held = words.catalog(language)
    made = Catalog(language, domain=words.DOMAIN, charset="utf-8", project="imageyard", fuzzy=False)
    for id_, places in sorted(said().items(), key=lambda entry: str(entry[0])):
        known = held.get(id_[0] if isinstance(id_, tuple) else id_)
        blank: Any = ("",) * made.num_plurals if isinstance(id_, tuple) else ""
        string = english(id_) if language == "en" else known.string if known is not None and known.string else blank
        flags = ["python-format"] if _formats(id_) else []
        made.add(id_, string, locations=[(place, 0) for place in places], flags=flags)
    return made


def english(id_: Id) -> Id:
    """What an id says in English: itself, without the note in brackets that tells it from others of the same words."""
    return (id_[0], id_[1]) if isinstance(id_, tuple) else re.sub(r" \[\w+\]$", "", id_)


def _formats(id_: Id) -> bool:
    return "%(" in (id_[0] if isinstance(id_, tuple) else id_)


def rendered(language: Language) -> str:
    out = io.BytesIO()
    pofile.write_po(out, renewed(language), omit_header=True, include_lineno=False, width=120)
    return HEADER[language] + out.getvalue().decode()


_HEADERS: Final[tuple[tuple[Language, str, str], ...]] = (
    ("zh", "Chinese", "nplurals=1; plural=0;"),
    ("en", "English", "nplurals=2; plural=(n != 1);"),
)
HEADER: Final[dict[Language, str]] = {
    language: (
        f"# What the console says in {name}. Kept in step with the code by tools/catalogs.py.\n"
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {plural}\\n"\n\n'
    )
    for language, name, plural in _HEADERS
}


def file(language: Language) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / f"{words.DOMAIN}.po"


def main() -> None:
    for language in words.LANGUAGES:
        text = rendered(language)
        file(language).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
