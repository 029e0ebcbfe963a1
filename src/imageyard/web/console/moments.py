"""Times as people read them: `2026-11-23 17:52 (3 minutes ago)`, in the reader's zone. Pure.

console.js writes the same words from the same messages, so that a page which stays open stays true.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Literal, NamedTuple

from imageyard.domain import objects
from imageyard.web.console.words import Words

Unit = Literal["second", "minute", "hour", "day"]
_SECONDS: Final[tuple[tuple[Unit, int], ...]] = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_LONGEST_STAMP: Final = 14
"""Digits; the year 5138."""
JUST: Final = 10
"""Seconds that are no distance worth a number."""


class Told(NamedTuple):
    """A moment on a page: for machines, written out, and as a distance from now."""

    iso: str
    written: str
    distance: str


def tell(moment: datetime, now: datetime, zone: tzinfo, words: Words) -> Told:
    local = moment.astimezone(zone)
    return Told(objects.rfc3339(moment), local.strftime("%Y-%m-%d %H:%M"), distance(moment - now, words))


def distance(away: timedelta, words: Words) -> str:
    """`3 minutes ago`, `in 2 hours`."""
    seconds = round(abs(away.total_seconds()))
    if seconds < JUST:
        return words.gettext("just now")
    unit, size = next((unit, size) for unit, size in _SECONDS if seconds >= size)
    count = seconds // size
    phrase = _future(unit, count, words) if away > timedelta(0) else _past(unit, count, words)
    return phrase % {"num": count}


def phrases(words: Words) -> dict[str, Any]:
    """The same words for console.js: by unit, for one and for many."""
    units: tuple[Unit, ...] = ("second", "minute", "hour", "day")
    return {
        "now": words.gettext("just now"),
        "past": {unit: [_past(unit, 1, words), _past(unit, 2, words)] for unit in units},
        "future": {unit: [_future(unit, 1, words), _future(unit, 2, words)] for unit in units},
    }


def read(text: str) -> datetime | None:
    """A time that history lines tell, None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def from_milliseconds(stamp: str) -> datetime | None:
    """Epoch milliseconds as annotations carry them; None for what is none."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
        return None
    return datetime.fromtimestamp(int(stamp) / 1000, UTC)


def _past(unit: Unit, count: int, words: Words) -> str:
    ngettext = words.ngettext
    match unit:
        case "second":
            return ngettext("%(num)d second ago", "%(num)d seconds ago", count)
        case "minute":
            return ngettext("%(num)d minute ago", "%(num)d minutes ago", count)
        case "hour":
            return ngettext("%(num)d hour ago", "%(num)d hours ago", count)
        case "day":
            return ngettext("%(num)d day ago", "%(num)d days ago", count)


def _future(unit: Unit, count: int, words: Words) -> str:
    ngettext = words.ngettext
    match unit:
        case "second":
            return ngettext("in %(num)d second", "in %(num)d seconds", count)
        case "minute":
            return ngettext("in %(num)d minute", "in %(num)d minutes", count)
        case "hour":
            return ngettext("in %(num)d hour", "in %(num)d hours", count)
        case "day":
            return ngettext("in %(num)d day", "in %(num)d days", count)
