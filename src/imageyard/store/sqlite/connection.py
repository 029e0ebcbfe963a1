"""How a connection is opened, how a snapshot is read, and what SQLite's failures are called in this product."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from imageyard.domain.errors import Corrupt, Failure, Unavailable
from imageyard.domain.text import Text

FILE: Final = "imageyard.db"
_CACHE_KIB: Final = 16 * 1024
_WAL_KEPT: Final = 64 * 1024 * 1024
"""A longer write-ahead log is cut back to this when it starts over."""

STORAGE_FAILURES: Final = (
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.NoMemError,
)
"""What ends by itself once the disk or the machine recovers."""


def writer(file: Path) -> apsw.Connection:
    """The one connection that writes and checkpoints. Creates the file, for the owner only."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = apsw.Connection(os.fspath(file))
    connection.execute("PRAGMA journal_mode=WAL")
    _prepare(connection)
    connection.execute(f"PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA journal_size_limit={_WAL_KEPT}")
    connection.wal_autocheckpoint(0)
    return connection


def reader(file: Path) -> apsw.Connection:
    """A connection that only reads."""
    connection = apsw.Connection(os.fspath(file), flags=apsw.SQLITE_OPEN_READWRITE)
    _prepare(connection)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _prepare(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(5000)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    # Without this a statement is prepared again for every new LIMIT, OFFSET and compared value: 12 µs each time.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.execute(
        "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
        f"PRAGMA cache_size=-{_CACHE_KIB}"
    )


def left_open(file: Path) -> bool:
    """Whether the last process to write `file` was killed: an orderly close leaves no write-ahead log."""
    log = file.with_name(file.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def damage(connection: apsw.Connection) -> str:
    """The first thing that is wrong with the file, "" when nothing is. Reads all of it."""
    (found,) = next(connection.execute("PRAGMA quick_check(1)"))
    return "" if found == "ok" else str(found)


@contextmanager
def snapshot(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """Everything read in the block is of one moment. Raises Corrupt, Unavailable."""
    try:
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            if connection.in_transaction:
                connection.execute("COMMIT")
    except apsw.Error as error:
        raise translated(error) from error


def translated(error: apsw.Error) -> Failure | apsw.Error:
    """The failure in domain words; what is no failure of the storage is a bug and stays what it is."""
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        return Corrupt(Text("数据库文件已损坏，请从备份恢复", "the database file is damaged; restore a backup"))
    if isinstance(error, apsw.InterruptError):
        return Unavailable(Text("服务正在停止", "the server is stopping"))
    if isinstance(error, STORAGE_FAILURES):
        return Unavailable(Text("存储暂时不可用，请稍后重试", "the storage is unavailable at the moment; try again"))
    return error
