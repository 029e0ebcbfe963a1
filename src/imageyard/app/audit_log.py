"""The audit trail as it is written: a bounded queue, and one thread that appends what has gathered there.

What cannot be written is counted, said once in the log, and told in the trail itself as soon as it can be written
again. The thread finds that out by itself.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
import structlog

from imageyard.app.audit_file import AuditFile, Torn
from imageyard.app.audit_reader import AuditReader
from imageyard.domain.audit import LOST, Event, User
from imageyard.domain.errors import Unavailable
from imageyard.domain.text import Text
from imageyard.service.audit import Page, Query

MOST_WAITING: Final = 10_000
"""Records that wait for the thread."""
GATHERED: Final = 0.02
"""Seconds for which records that nobody waits for gather into one write."""
PROBED: Final = 1.0
"""Seconds between two tries of a thread that could not write."""
SELF: Final = "system:imageyard"
"""Who the records about the trail itself are by."""
_RETRY: Final = 5
_lines: Final = msgspec.json.Encoder().encode_lines

log = structlog.get_logger()


class _Pending(NamedTuple):
    events: Sequence[Event]
    future: asyncio.Future[None] | None
    """None for what nobody waits for."""


class AuditLog:
    """An Audit in files. Made, used and closed on one event loop; `failed` is told how many records were not
    written, from any thread."""

    def __init__(
        self, file: AuditFile, reader: AuditReader, *, strict: bool, failed: Callable[[int], None], probed: float
    ) -> None:
        self._file = file
        self._reader = reader
        self._strict = strict
        self._failed = failed
        self._probed = probed
        self._loop = asyncio.get_running_loop()
        self._gathered: list[_Pending] = []
        self._later: asyncio.TimerHandle | None = None
        self._waiting = 0
        self._lost = 0
        self._closing = False
        self._queue: queue.SimpleQueue[list[_Pending] | None] = queue.SimpleQueue()
        self.writable = True
        """False from a failed write until something was written again."""
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    @property
    def strict(self) -> bool:
        return self._strict

    def note(self, events: Sequence[Event]) -> None:
        if self._is_full(events):
            self._failed(len(events))
        elif events:
            self._gather(_Pending(events, None))
            if self._later is None:
                self._later = self._loop.call_later(GATHERED, self._hand_over)

    async def record(self, events: Sequence[Event]) -> None:
        if self._is_full(events):
            self._failed(len(events))
            raise unavailable()
        future: asyncio.Future[None] = self._loop.create_future()
        self._gather(_Pending(events, future))
        # What one round of the loop brings shares one write and one fsync.
        self._loop.call_soon(self._hand_over)
        await future

    async def read(self, query: Query) -> Page:
        return await self._reader.read(query)

    async def close(self) -> None:
        """Write what waits, then end the thread."""
        self._closing = True
        self._hand_over()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _is_full(self, events: Sequence[Event]) -> bool:
        return self._closing or self._waiting + len(events) > MOST_WAITING

    def _gather(self, pending: _Pending) -> None:
        self._waiting += len(pending.events)
        self._gathered.append(pending)

    def _hand_over(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _settle(self, batch: Sequence[_Pending], written: bool) -> None:
        """On the loop: answer who waits."""
        for pending in batch:
            self._waiting -= len(pending.events)
            if pending.future is None or pending.future.done():
                continue
            if written:
                pending.future.set_result(None)
            else:
                pending.future.set_exception(unavailable())

    def _run(self) -> None:
        last = False
        self._write([])  # whether it can be written is known before the first request
        while not last:
            batch, last = self._take()
            if batch or not self.writable:
                written = self._write(batch)
                self._loop.call_soon_threadsafe(self._settle, batch, written)
        self._file.close()

    def _take(self) -> tuple[list[_Pending], bool]:
        """What is queued, and whether it is the last; nothing when it is time to try again."""
        batch: list[_Pending] = []
        with contextlib.suppress(queue.Empty):
            item = self._queue.get(timeout=None if self.writable else self._probed)
            while item is not None:
                batch += item
                item = self._queue.get_nowait()
            return batch, True
        return batch, False

    def _write(self, batch: Sequence[_Pending]) -> bool:
        events = [event for pending in batch for event in pending.events]
        durable = any(pending.future is not None for pending in batch)
        try:
            self._file.append(_lines([*self._gap(), *events]), durable=durable)
        except (OSError, ValueError) as error:  # ValueError: a text that no UTF-8 can carry
            self._count(len(events), error)
            return False
        if not self.writable:
            log.info("audit_written_again", lost=self._lost)
        self.writable, self._lost = True, 0
        return True

    def _gap(self) -> list[Event]:
        """What the trail says of records that are missing here."""
        if not self._lost:
            return []
        now = datetime.now(UTC)
        return [
            Event(
                audit_id="",
                stage="ResponseComplete",
                request_uri="",
                verb="",
                user=User(SELF),
                source_ips=[],
                request_received_timestamp=now,
                stage_timestamp=now,
                annotations={LOST: str(self._lost)},
            )
        ]

    def _count(self, events: int, error: OSError | ValueError) -> None:
        """Of a write that broke off the lines before the break are there; one may be the one about the gap."""
        there = error.lines if isinstance(error, Torn) else 0
        if self._lost and there:
            self._lost, there = 0, there - 1
        missing = max(0, events - there)
        self._lost += missing
        self._failed(missing)
        if self.writable:
            log.error("audit_failed", error=getattr(error, "strerror", None) or type(error).__name__)
        self.writable = False


def unavailable() -> Unavailable:
    return Unavailable(
        Text(
            "审计记录无法写入，操作未执行；请稍后重试，或由管理员检查磁盘",
            "the audit record could not be written, so nothing was done; try again later, or have an operator look at "
            "the disk",
        ),
        _RETRY,
    )


@asynccontextmanager
async def opened(
    file: AuditFile, reader: AuditReader, *, strict: bool, failed: Callable[[int], None], probed: float = PROBED
) -> AsyncIterator[AuditLog]:
    """Write for as long as the block runs; at its end everything is on disk."""
    audit = AuditLog(file, reader, strict=strict, failed=failed, probed=probed)
    try:
        yield audit
    finally:
        await audit.close()
