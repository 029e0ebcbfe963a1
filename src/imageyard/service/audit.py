"""What the doors and the commands need of the audit trail: a place to record, and to read what was recorded."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from imageyard.domain.audit import Event, Filter


class Query(NamedTuple):
    """A page of the trail, newest first. `continuation` is that of the page before, "" for the first."""

    filter: Filter = Filter()
    limit: int = 100
    continuation: str = ""


class Page(NamedTuple):
    """Records as they were written: JSON. A page may hold fewer than were asked for, or none, and still not be the
    last: that is the one whose `continuation` is ""."""

    items: Sequence[bytes]
    continuation: str


class Audit(Protocol):
    """The trail. Records appear in it in the order of the calls."""

    @property
    def strict(self) -> bool:
        """Whether nothing may be done that is not on record first."""

    def note(self, events: Sequence[Event]) -> None:
        """Record soon, without waiting. Never raises: what cannot be written is counted."""

    async def record(self, events: Sequence[Event]) -> None:
        """Record now; answers when it is durable. Raises Unavailable when it cannot be."""

    async def read(self, query: Query) -> Page:
        """Raises Gone when the place the continuation names is not kept any more; Invalid when it names none;
        Unavailable."""


class Unrecorded:
    """An Audit for who wants none."""

    strict = False

    def note(self, events: Sequence[Event]) -> None:
        """Forgotten."""

    async def record(self, events: Sequence[Event]) -> None:
        """Forgotten."""

    async def read(self, query: Query) -> Page:
        return Page((), "")
