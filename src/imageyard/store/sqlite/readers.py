"""Connections that read: one on the event loop for what is short, a few in threads for what may take long."""

import asyncio
import contextlib
import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, TypeVar

import apsw

from imageyard.domain.errors import Corrupt, Unavailable
from imageyard.domain.text import Text
from imageyard.store.sqlite import connection as connections
from imageyard.store.sqlite.common import Common

T = TypeVar("T")
_THREADS: Final = 3


class Readers:
    """Each read is one snapshot. A thread hop costs more than a short read, hence the two ways."""

    def __init__(self, file: Path) -> None:
        self._common = Common()
        self._here = self._reader(file)
        self._there = [self._reader(file) for _ in range(_THREADS)]
        self._free: queue.SimpleQueue[apsw.Connection] = queue.SimpleQueue()
        for connection in self._there:
            self._free.put(connection)
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="store-reader")
        self._closed = False

    def _reader(self, file: Path) -> apsw.Connection:
        connection = connections.reader(file)
        connection.create_scalar_function("thinned", self._common.thinned, 2, deterministic=True)
        return connection

    async def prepare_search(self, version: int) -> None:
        """Know which tokens are common, as of about that version. Raises Unavailable."""
        if self._common.is_stale(version):
            # The search itself tells of damage, if it comes by there.
            with contextlib.suppress(Corrupt):
                await self.in_thread(lambda c: self._common.learn(c, version))

    def at_once(self, work: Callable[[apsw.Connection], T]) -> T:
        """For reads of a fraction of a millisecond; they run on the event loop. Raises Unavailable when closed."""
        self._refuse_closed()
        with connections.snapshot(self._here) as connection:
            return work(connection)

    def statement(self, work: Callable[[apsw.Connection], T]) -> T:
        """For one statement that is short: it is a snapshot by itself. Raises Unavailable when closed."""
        self._refuse_closed()
        try:
            return work(self._here)
        except apsw.Error as error:
            raise connections.translated(error) from error

    async def in_thread(self, work: Callable[[apsw.Connection], T]) -> T:
        """For reads that may take long. Raises Unavailable when closed."""
        self._refuse_closed()
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._work, work)

    def close(self) -> None:
        """Interrupt what is running and close the connections."""
        self._closed = True
        for connection in self._there:
            connection.interrupt()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for connection in (self._here, *self._there):
            connection.close()

    def _work(self, work: Callable[[apsw.Connection], T]) -> T:
        connection = self._free.get()
        try:
            with connections.snapshot(connection) as snapshot:
                return work(snapshot)
        finally:
            self._free.put(connection)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise Unavailable(Text("服务正在停止", "the server is stopping"))
