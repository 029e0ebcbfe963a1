"""The audit trail's files: whole lines appended, rotated by size, so many old ones kept.

`audit.jsonl` is written to; what was rotated is `audit-<UTC time>.jsonl`, so that names sort by age. Another program
may rename the file at any time (logrotate): the next line then begins a new one. Blocking; used by one thread.
"""

import contextlib
import errno
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

CURRENT: Final = "audit.jsonl"
ROTATED: Final = "audit-*.jsonl"
_STAMP: Final = "audit-%Y%m%dT%H%M%S.%fZ.jsonl"

Write = Callable[[int, bytes], int]


def files(directory: Path) -> list[Path]:
    """What there is of the trail, newest first."""
    current = directory / CURRENT
    return [*([current] if current.exists() else []), *sorted(directory.glob(ROTATED), reverse=True)]


class Torn(OSError):
    """Only the first `lines` of what was to be written are in the file."""

    def __init__(self, error: OSError, lines: int) -> None:
        super().__init__(error.errno, error.strerror, error.filename)
        self.lines = lines


class AuditFile:
    """`most` bytes of a file, about, and `keep` rotated ones: together they bound what the trail takes of the disk."""

    def __init__(
        self,
        directory: Path,
        most: int,
        keep: int,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        write: Write = os.write,
    ) -> None:
        self._directory = directory
        self._path = directory / CURRENT
        self._most = most
        self._keep = keep
        self._now = now
        self._write = write
        self._descriptor: int | None = None
        self._torn = False
        """Whether the file may end within a line."""

    def append(self, lines: bytes, *, durable: bool) -> None:
        """Append whole lines. After an OSError they are not on record, but for those a Torn counts."""
        descriptor = self._opened(len(lines))
        self._write_all(descriptor, lines)
        if durable:
            try:
                os.fsync(descriptor)
            except OSError as error:
                # What was not synced may be gone, and a second fsync would not tell: the file is opened anew.
                self.close()
                raise Torn(error, 0) from error

    def close(self) -> None:
        if self._descriptor is not None:
            descriptor, self._descriptor = self._descriptor, None
            os.close(descriptor)

    def _write_all(self, descriptor: int, lines: bytes) -> None:
        """After a write that failed half-way the next begins on a line of its own; who reads passes over the rest."""
        begun = b"\n" if self._torn else b""
        data = begun + lines
        written = 0
        try:
            while written < len(data):
                written += self._write(descriptor, data[written:])
        except OSError as error:
            if written:
                self._torn = data[written - 1 : written] != b"\n"
            raise Torn(error, data.count(b"\n", len(begun), written) if written else 0) from error
        self._torn = False

    def _opened(self, more: int) -> int:
        """The file to append `more` bytes to: anew when ours was renamed or removed, another when it is full."""
        if self._descriptor is not None and not self._is_ours(self._descriptor):
            self.close()
        if self._descriptor is None:
            self._descriptor = self._open()
        size = os.fstat(self._descriptor).st_size
        if size and size + more > self._most:
            self._rotate(self._descriptor)
        return self._descriptor if self._descriptor is not None else self._opened(more)

    def _is_ours(self, descriptor: int) -> bool:
        try:
            there = self._path.lstat()
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def _open(self) -> int:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = self._descriptor_of()
        size = os.fstat(descriptor).st_size
        self._torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        if not size:
            self._settle_names()
        return descriptor

    def _descriptor_of(self) -> int:
        """Whoever may write in the directory shall not have another file written to through a link in it."""
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
            raise OSError(
                error.errno, f"{CURRENT} is a symbolic link, which is not followed", str(self._path)
            ) from None

    def _rotate(self, descriptor: int) -> None:
        os.fsync(descriptor)
        self._path.rename(self._directory / self._now().strftime(_STAMP))
        self.close()
        for old in sorted(self._directory.glob(ROTATED), reverse=True)[self._keep :]:
            old.unlink(missing_ok=True)

    def _settle_names(self) -> None:
        """Make durable which files there are."""
        with contextlib.suppress(OSError):  # not every file system can
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
