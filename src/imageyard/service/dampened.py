"""An audit trail that nobody can fill: strangers and refusals are recorded up to a bound, and counted beyond it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import LEFT_OUT, Event, User
from imageyard.domain.clock import Clock
from imageyard.service import refusals
from imageyard.service.audit import Audit, Page, Query
from imageyard.service.refusals import Refusals
from imageyard.service.strangers import OTHERS, Strangers

MINUTE: Final = 60.0


class Dampened:
    """An Audit that records strangers and refusals sparingly. `run` tells each minute what was left out."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._strangers, self._refusals = Strangers(), Refusals()
        self._since = clock.now()

    @property
    def strict(self) -> bool:
        return self._audit.strict

    def note(self, events: Sequence[Event]) -> None:
        self._audit.note([event for event in events if self._admits(event)])

    async def record(self, events: Sequence[Event]) -> None:
        """Nothing of a stranger's is waited for: nothing was done for him."""
        known = [event for event in events if event.user.username != ANONYMOUS and self._admits(event)]
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
        if event.user.username == ANONYMOUS:
            return self._strangers.admits(event.source_ips[0] if event.source_ips else OTHERS)
        return not refusals.is_refusal(event) or self._refusals.admits(event.user.username)

    def _tell(self) -> None:
        strangers, refused, since = self._strangers, self._refusals, self._since
        self._strangers, self._refusals, self._since = Strangers(), Refusals(), self._clock.now()
        told = [
            _summary(ANONYMOUS, address, count, since, self._since) for address, count in strangers.left_out.items()
        ]
        told += [_summary(user, "", count, since, self._since) for user, count in refused.left_out.items()]
        self._audit.note(told)


def _summary(user: str, address: str, count: int, since: datetime, until: datetime) -> Event:
    """Shaped as a record of its own, of no request in particular."""
    return Event(
        audit_id="",
        stage="ResponseComplete",
        request_uri="",
        verb="",
        user=User(user),
        source_ips=[address] if address else [],
        request_received_timestamp=since,
        stage_timestamp=until,
        annotations={LEFT_OUT: str(count)},
    )
