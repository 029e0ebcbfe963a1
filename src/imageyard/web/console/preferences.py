"""What somebody likes: language, theme, time zone. Kept in cookies, so that the URL stays the same for everybody."""

import re
from collections.abc import Mapping
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

from imageyard.domain.text import Language
from imageyard.web import language
from imageyard.web.console.words import LANGUAGES

Theme = Literal["auto", "light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")
LANGUAGE: Final = "imageyard_language"
THEME: Final = "imageyard_theme"
ZONE: Final = "imageyard_zone"
"""Names of the cookies. The zone's is written by console.js, which alone knows it."""
PATH: Final = "/console"
_ZONE: Final = re.compile(r"[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30}){0,2}")


class Preferences(NamedTuple):
    language: Language
    theme: Theme
    zone: tzinfo
    zone_name: str
    """"UTC" as long as the browser has not told its own."""


def read(cookies: Mapping[str, str], accept_language: str, default: Language) -> Preferences:
    """The reader's language is chosen, else preferred by the browser, else the server's."""
    chosen = next((each for each in LANGUAGES if each == cookies.get(LANGUAGE)), None)
    theme = next((each for each in THEMES if each == cookies.get(THEME)), THEMES[0])
    named = cookies.get(ZONE, "").replace("%2F", "/")
    zone = _zone(named)
    spoken = chosen or language.choose(accept_language, default)
    return Preferences(spoken, theme, zone or UTC, named if zone else "UTC")


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo | None:
    if not _ZONE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None
