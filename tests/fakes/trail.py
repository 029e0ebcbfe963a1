"""An audit trail in memory, for tests that stand before the doors."""

from collections.abc import Sequence

import msgspec

from imageyard.domain.audit import Event
from imageyard.domain.errors import Unavailable
from imageyard.domain.text import Text
from imageyard.service.audit import Page, Query


class MemoryAudit:
    """`full`: nothing can be recorded."""

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self.full = False
        self.events: list[Event] = []
        self.queries: list[Query] = []

    def note(self, events: Sequence[Event]) -> None:
        if not self.full:
            self.events += events

    async def record(self, events: Sequence[Event]) -> None:
        if self.full:
            raise Unavailable(Text("审计记录无法写入", "the audit record could not be written"))
        self.events += events

    async def read(self, query: Query) -> Page:
        self.queries.append(query)
        return Page([msgspec.json.encode(event) for event in reversed(self.events)], "further")

    @property
    def lines(self) -> bytes:
        """As they would be written."""
        return msgspec.json.Encoder().encode_lines(self.events)
