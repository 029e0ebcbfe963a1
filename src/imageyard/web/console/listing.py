"""A page of a list: what was asked for, what was found, and the links from there. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from imageyard.web.console.forms import Form

SIZE: Final = 40
"""Rows of a page."""
MOST_COUNTED: Final = 10_000
"""A total is told exactly up to here; beyond it is "more than that" where it would have to be counted."""
FARTHEST: Final = 1_000_000
"""Pages that can be asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A list's address: its path and every parameter that is set."""

    path: str
    parameters: Mapping[str, str]

    def href(self, **changes: str) -> str:
        """The same list, otherwise: another filter begins at its first page."""
        kept = {**self.parameters, **({"page": ""} if "page" not in changes else {}), **changes}
        said = urlencode({name: value for name, value in kept.items() if value})
        return f"{self.path}?{said}" if said else self.path

    def sorted(self, key: str) -> str:
        """By this key, the other way round where it is sorted so already."""
        down = "1" if self["sort"] == key and self["desc"] != "1" else ""
        return self.href(sort=key, desc=down)

    def __getitem__(self, name: str) -> str:
        return self.parameters.get(name, "")


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a page of rows stands among all that were found."""

    page: int
    count: int
    total: int
    previous: str
    next: str
    more: bool = False
    """Whether there are more than `total`."""

    @property
    def last(self) -> int:
        """How many rows there are up to here."""
        return (self.page - 1) * SIZE + self.count


def asked(path: str, query: Form, names: Sequence[str]) -> Asked:
    return Asked(path, {name: query.text(name) for name in names})


def page_number(query: Form) -> int:
    """What is no page is the first."""
    return min(max(number(query.text("page")), 1), FARTHEST)


def number(text: str) -> int:
    """A number of a query; what is none is 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def shown(address: Asked, page: int, count: int, total: int, *, counted: bool = False) -> Shown:
    """`counted`: the total was counted, no further than one beyond MOST_COUNTED."""
    more = counted and total > MOST_COUNTED
    previous = address.href(page=str(page - 1) if page > 2 else "") if page > 1 else ""
    goes_on = page * SIZE < total or (more and count == SIZE)
    following = address.href(page=str(page + 1)) if goes_on else ""
    return Shown(page, count, MOST_COUNTED if more else total, previous, following, more)
