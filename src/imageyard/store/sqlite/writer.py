"""The writing thread: takes what has queued up, commits it as one durable transaction, answers, tells the watchers.

An operation that fails does so alone. When the storage fails, the whole group is rolled back and answered with
Unavailable; reads go on, and the writer tries again by itself. Only this thread checkpoints.
"""

import asyncio
import contextlib
import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

import apsw

from imageyard.domain.errors import Failure, Unavailable
from imageyard.domain.text import Text
from imageyard.store import Change
from imageyard.store.sqlite import connection as connections
from imageyard.store.sqlite import housekeeping, moment, objects, replacement
from imageyard.store.sqlite.moves import Move
from imageyard.store.sqlite.objects import Create
from imageyard.store.sqlite.replacement import Replace
from imageyard.store.sqlite.transaction import Transaction

T = TypeVar("T")
Operation = Callable[[Transaction], T]
LARGEST_GROUP: Final = 256
_IDLE: Final = 0.5
"""Seconds without work after which the writer keeps house."""
_PAUSE: Final = 0.02
"""The same while there is house to keep: longer than the gaps between the writes of a busy client."""
_BUSY_GROUPS: Final = 16
"""Groups after which it keeps house all the same."""
_LONG_LOG: Final = 4096
"""Pages in the write-ahead log after which it is checkpointed between two groups: 16 MiB."""


class Committed(NamedTuple):
    """A durable group: what its operations changed, the newest resourceVersion, how long the transaction took, and
    what changed for searches and filters."""

    changes: Sequence[Change]
    version: int
    seconds: float
    moves: Sequence[Move]


class _Pending(NamedTuple):
    operation: Operation[Any]
    future: asyncio.Future[Any]


_Outcome = tuple[_Pending, object, BaseException | None]
_TOGETHER: Final[Mapping[type, Callable[[Transaction, Sequence[Any]], Sequence[object]]]] = {
    Create: objects.create,
    Replace: replacement.replace,
}
"""How operations of one kind are done together; each answers in their order, a Failure for those it refuses."""


class Writer:
    """Made, used and closed on one event loop."""

    def __init__(
        self,
        connection: apsw.Connection,
        numbers: Mapping[str, int],
        now: Callable[[], datetime],
        committed: Callable[[Committed], None],
        patience: float,
    ) -> None:
        self._connection = connection
        self._numbers = numbers
        self._now = now
        self._committed = committed
        self._loop = asyncio.get_running_loop()
        self._patience = patience
        self._gathered: list[_Pending] = []
        self._patient: list[_Pending] = []
        """What may wait `patience` seconds for others to share its transaction."""
        self._queue: queue.SimpleQueue[list[_Pending] | None] = queue.SimpleQueue()
        self._log_pages = 0
        self._behind = True
        """Whether there is house to keep as soon as nothing else is to do."""
        self._closing = False
        self.writable = True
        """False from a failure of the storage until something was written again."""
        connection.set_wal_hook(self._measure)
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    async def submit(self, operation: Operation[T], *, patient: bool = False) -> T:
        """Run an operation in the next group, or, `patient`, in one that begins a little later unless another does
        before; answers once it is durable. A caller that is cancelled does not undo it.
        Raises what the operation raises, and Unavailable."""
        if self._closing:
            raise Unavailable(Text("服务正在停止", "the server is stopping"))
        future: asyncio.Future[T] = self._loop.create_future()
        pending = _Pending(operation, future)
        if patient and self._patience:
            self._patient.append(pending)
            if len(self._patient) == 1:
                self._loop.call_later(self._patience, self._hand_over)
        else:
            self._gathered.append(pending)
            if len(self._gathered) == 1:
                self._loop.call_soon(self._hand_over)
        return await future

    def _hand_over(self) -> None:
        # What one round of the loop brings goes over at once: the thread wakes once for it, and no request is parsed
        # against a thread that wants the interpreter back after each statement.
        if self._gathered or self._patient:
            self._queue.put(self._gathered + self._patient)
            self._gathered, self._patient = [], []

    async def close(self) -> None:
        """Commit what is queued, then end the thread."""
        self._closing = True
        self._hand_over()
        self._queue.put(None)
        # In a thread of its own, since the loop has answers of the last group to deliver meanwhile.
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        groups, last = 0, False
        while not last:
            group, last = self._take()
            if group:
                self._handle(group)
                groups += 1
            if self._log_pages > _LONG_LOG:
                self._checkpoint()
            if not group or groups >= _BUSY_GROUPS:
                self._keep_house(idle=not group)
                groups = 0

    def _take(self) -> tuple[list[_Pending], bool]:
        """What is queued, and whether it is the last; an empty list when nothing came for a while."""
        group: list[_Pending] = []
        with contextlib.suppress(queue.Empty):
            item = self._queue.get(timeout=_PAUSE if self._behind else _IDLE)
            while item is not None:
                group += item
                if len(group) >= LARGEST_GROUP:
                    return group, False
                item = self._queue.get_nowait()
            return group, True
        return group, False

    def _handle(self, group: list[_Pending]) -> None:
        try:
            outcomes, committed = self._commit(group)
        except connections.STORAGE_FAILURES as error:
            self.writable = False
            self._answer([(pending, None, connections.translated(error)) for pending in group], None)
        except Exception as error:
            # No storage failure and no refusal: a bug or a damaged page that one of them hit. Each on its own, then.
            if len(group) == 1:
                failed = connections.translated(error) if isinstance(error, apsw.Error) else error
                self._answer([(group[0], None, failed)], None)
            else:
                for pending in group:
                    self._handle([pending])
        else:
            self.writable = True
            self._answer(outcomes, committed)

    def _commit(self, group: list[_Pending]) -> tuple[list[_Outcome], Committed]:
        start = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            transaction = Transaction(self._connection, self._numbers, moment.stored(self._now()))
            outcomes = [*_attempt(group, transaction)]
            transaction.finish()
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        seconds = time.perf_counter() - start
        return outcomes, Committed(transaction.changes, transaction.version, seconds, transaction.moves)

    def _roll_back(self) -> None:
        # SQLite rolls back by itself after some failures, not after all (sqlite.org/lang_transaction.html, 2.1).
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _answer(self, outcomes: list[_Outcome], committed: Committed | None) -> None:
        self._loop.call_soon_threadsafe(self._settle, outcomes, committed)

    def _settle(self, outcomes: list[_Outcome], committed: Committed | None) -> None:
        for pending, result, error in outcomes:
            if pending.future.done():
                continue
            if error is None:
                pending.future.set_result(result)
            else:
                pending.future.set_exception(error)
        if committed is not None:
            self._committed(committed)

    def _keep_house(self, *, idle: bool) -> None:
        try:
            self._behind = False
            if idle:
                self._behind = housekeeping.keep(self._connection, self._now())
            else:
                housekeeping.keep_up(self._connection, self._now())
            if not self.writable:
                housekeeping.probe(self._connection)
                self.writable = True
            if idle and self._log_pages and not self._behind:
                self._checkpoint()
        except apsw.Error as error:
            self._roll_back()
            self.writable = self.writable and not isinstance(error, connections.STORAGE_FAILURES)

    def _checkpoint(self) -> None:
        """Move the log into the database. Readers are not disturbed; a log they still read is moved next time."""
        try:
            self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.Error as error:
            # The log is whole and holds everything; only its length suffers.
            self.writable = self.writable and not isinstance(error, connections.STORAGE_FAILURES)
        self._log_pages = 0

    def _measure(self, connection: apsw.Connection, database: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK


def _attempt(group: list[_Pending], transaction: Transaction) -> Iterator[_Outcome]:
    """In the order they came; those of one kind in a row, where there is a way to do them together."""
    for kind, some in itertools.groupby(group, lambda pending: type(pending.operation)):
        alike = list(some)
        together = _TOGETHER.get(kind)
        if together is None:
            yield from (_attempt_one(pending, transaction) for pending in alike)
            continue
        answers = together(transaction, [pending.operation for pending in alike])
        for pending, answer in zip(alike, answers, strict=True):
            yield pending, answer, answer if isinstance(answer, Failure) else None


def _attempt_one(pending: _Pending, transaction: Transaction) -> _Outcome:
    try:
        return pending, pending.operation(transaction), None
    except Failure as refused:
        return pending, None, refused
