"""One process per data directory: an advisory lock that ends with its holder, also when that is killed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FILE: Final = "lock"


class Locked(Exception):
    """Another process uses the data directory."""

    def __init__(self, directory: Path) -> None:
        super().__init__(f"{directory} is in use by another imageyard; stop that one first, or take another --data-dir")
        self.directory = directory


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold the directory for as long as the block runs. Raises Locked, OSError."""
    descriptor = os.open(directory / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(directory) from None
        yield
    finally:
        # The file stays: removing it would let two processes lock two different files of this name.
        os.close(descriptor)
