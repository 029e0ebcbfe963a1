"""Copies of the database: made online through SQLite's backup API, verified, and put back.

A backup is one file without a log beside it. It holds sealed secrets; the keys are not in it.
"""

import asyncio
import os
import secrets
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import apsw

from imageyard.domain.errors import Corrupt
from imageyard.domain.text import Text
from imageyard.store import lock
from imageyard.store.sqlite import connection as connections
from imageyard.store.sqlite import foreign, schema
from imageyard.store.sqlite.store import SQLiteStore

_LEAP: Final = 1_000_000
"""How far a restore moves the resourceVersions on: more than were given out since the backup."""


async def backup(store: SQLiteStore, target: Path) -> None:
    """Copy a store that is in use; see `copy`."""
    await asyncio.to_thread(_copy_file, store.file, target)


def copy(directory: Path, target: Path) -> None:
    """Copy the database of a data directory, also while another process uses it.

    The copy is of one moment, verified, and replaces `target` only when it is whole; mode 0600.
    Raises Corrupt, Unavailable, OSError."""
    _copy_file(directory / connections.FILE, target)


def verify(file: Path) -> None:
    """Check that nothing is in it but what is ours, and read all of that (PRAGMA integrity_check). Raises Corrupt,
    schema.Newer, OSError."""
    _refuse_no_file(file)
    with _translating(file), closing(_opened(file, apsw.SQLITE_OPEN_READONLY)) as connection:
        foreign.refuse(file, connection)
        if connection.execute("PRAGMA integrity_check(1)").get != "ok":
            raise _damaged(file)


def restore(source: Path, directory: Path) -> None:
    """Put a backup in the place of the database; what was there is kept beside it as `imageyard.db.replaced`.

    The resourceVersions leap ahead of every one that was given out before, and the history begins anew, so watches
    and continue tokens from before end with Gone rather than pass over what the backup does not know.
    Raises Locked while the directory is in use, Corrupt, schema.Newer, OSError."""
    with lock.held(directory):
        verify(source)
        target = directory / connections.FILE
        with _replacing(target) as temporary, _translating(source):
            with closing(_opened(source, apsw.SQLITE_OPEN_READONLY)) as origin:
                _copy(origin, temporary)
            _leap(temporary, beyond=_newest(target))
            _set_aside(target)


def _copy_file(source: Path, target: Path) -> None:
    _refuse_no_file(source)
    with _replacing(target) as temporary, _translating(source):
        with closing(_opened(source, apsw.SQLITE_OPEN_READWRITE)) as origin:
            # Closing must not move the log of a server that is running.
            origin.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            _copy(origin, temporary)
        verify(temporary)


def _copy(origin: apsw.Connection, target: Path) -> None:
    with closing(apsw.Connection(os.fspath(target))) as connection:
        # All pages in one step are one snapshot; writers go on, and their log is not moved meanwhile.
        with connection.backup("main", origin, "main") as copying:
            copying.step(-1)
        connection.execute("PRAGMA journal_mode=DELETE")


def _leap(file: Path, *, beyond: int) -> None:
    with closing(apsw.Connection(os.fspath(file))) as connection, connection:
        schema.refuse_newer(connection)
        version = max(int(connection.execute("SELECT version FROM meta").get), beyond) + _LEAP
        connection.execute("DELETE FROM changes")
        connection.execute("UPDATE meta SET version = ?1, trimmed = ?1", (version,))


def _newest(database: Path) -> int:
    """The newest resourceVersion of the database that is replaced; 0 when that cannot be read (it may be damaged)."""
    if not database.is_file():
        return 0
    try:
        with closing(_opened(database, apsw.SQLITE_OPEN_READWRITE)) as connection:
            return int(connection.execute("SELECT version FROM meta").get)
    except apsw.Error:
        return 0


def _set_aside(database: Path) -> None:
    """Move the database away with its log: a log beside another database would damage that."""
    for suffix in ("", "-wal", "-shm"):
        file = database.with_name(database.name + suffix)
        if file.exists():
            file.replace(database.with_name(f"{database.name}.replaced{suffix}"))
        else:
            database.with_name(f"{database.name}.replaced{suffix}").unlink(missing_ok=True)


def _refuse_no_file(file: Path) -> None:
    if not file.exists():
        raise FileNotFoundError(f"{file} does not exist")
    if not file.is_file():
        raise OSError(f"{file} is no regular file")


def _opened(file: Path, flags: int) -> apsw.Connection:
    connection = apsw.Connection(os.fspath(file), flags=flags)
    connection.set_busy_timeout(5000)
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A private file that takes the place of `target`, durably, when the block succeeds."""
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(target)
        _sync(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _translating(file: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        # An SQLError is a table that is not there: some other program's database.
        raise _damaged(file) from error
    except apsw.Error as error:
        raise connections.translated(error) from error


def _damaged(file: Path) -> Corrupt:
    return Corrupt(Text(f"{file} 已损坏或不是 imageyard 的数据库", f"{file} is damaged or no database of imageyard"))
