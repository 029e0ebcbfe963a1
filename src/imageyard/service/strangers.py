"""Keeps who is not known from filling the audit trail: so many records an address and minute, then a count.

Everybody may fail to authenticate as often as he likes, so each failure may cost a line only up to a bound. Who is
known is recorded without one: his lines lead to him.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from imageyard.domain import peers
from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import LEFT_OUT, Event, User
from imageyard.domain.clock import Clock
from imageyard.service.audit import Audit, Page, Query

MINUTE: Final = 60.0
PER_ADDRESS: Final = 10
IN_ALL: Final = 300
"""Records of strangers in a minute, from whichever addresses; with the counts at most twice as many lines."""
OTHERS: Final = ""
"""In place of an address: all those that have no record of their own in this minute."""


class Minute:
    """One minute's records of strangers. Pure; memory is bounded by IN_ALL."""

    def __init__(self) -> None:
        self._admitted: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._total = 0

    def admits(self, address: str) -> bool:
        """Count one more of an address: whether it is recorded, or left out."""
        if self._total < IN_ALL and self._admitted[address] < PER_ADDRESS:
            self._admitted[address] += 1
            self._total += 1
            return True
        self._left_out[address if address in self._admitted else OTHERS] += 1
        return False

    @property
    def left_out(self) -> Mapping[str, int]:
        """By address."""
        return self._left_out


class Dampened:
    """An Audit that records strangers sparingly. `run` tells each minute what was left out."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._minute = Minute()
        self._since = clock.now()

    @property
    def strict(self) -> bool:
        return self._audit.strict

    def note(self, events: Sequence[Event]) -> None:
        self._audit.note([event for event in events if self._admits(event)])

    async def record(self, events: Sequence[Event]) -> None:
        """Nothing of a stranger's is waited for: nothing was done for him."""
        known = [event for event in events if event.user.username != ANONYMOUS]
        self.note([event for event in events if event.user.username == ANONYMOUS])
        if known:
            await self._audit.record(known)

    async def read(self, query: Query) -> Page:
        return await self._audit.read(query)

    async def run(self) -> None:
        """Until cancelled, and once more then."""
        try:
            while True:
                await self._clock.sleep(MINUTE)
                self._tell()
        finally:
            self._tell()

    def _admits(self, event: Event) -> bool:
        if event.user.username != ANONYMOUS:
            return True
        return self._minute.admits(peers.network(event.source_ips[0]) if event.source_ips else OTHERS)

    def _tell(self) -> None:
        over, since = self._minute, self._since
        self._minute, self._since = Minute(), self._clock.now()
        counts = over.left_out.items()
        self._audit.note([_summary(address, count, since, self._since) for address, count in counts])


def _summary(address: str, count: int, since: datetime, until: datetime) -> Event:
    """Shaped as a record of its own, of no request in particular."""
    return Event(
        audit_id="",
        stage="ResponseComplete",
        request_uri="",
        verb="",
        user=User(ANONYMOUS),
        source_ips=[address] if address else [],
        request_received_timestamp=since,
        stage_timestamp=until,
        annotations={LEFT_OUT: str(count)},
    )
