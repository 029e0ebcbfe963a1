"""Exit codes, and how a failure becomes one: a sentence on standard error, never a traceback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

from imageyard.app.files import Unreachable
from imageyard.domain import errors
from imageyard.keyring import KeyringError
from imageyard.settings import InvalidSettings
from imageyard.store.lock import Locked


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    ENVIRONMENT = 3
    LOCKED = 4
    NOT_FOUND = 5
    DENIED = 6
    CONFLICT = 7


_CODES: tuple[tuple[type[BaseException], Exit], ...] = (
    (InvalidSettings, Exit.USAGE),
    (Locked, Exit.LOCKED),
    (errors.NotFound, Exit.NOT_FOUND),
    (errors.Forbidden, Exit.DENIED),
    (errors.Unauthorized, Exit.DENIED),
    (errors.AlreadyExists, Exit.CONFLICT),
    (errors.Conflict, Exit.CONFLICT),
    (errors.Invalid, Exit.USAGE),
    (errors.BadRequest, Exit.USAGE),
    (errors.Failure, Exit.FAILED),
    (KeyringError, Exit.ENVIRONMENT),
    (Unreachable, Exit.ENVIRONMENT),
    (OSError, Exit.ENVIRONMENT),
)


def fail(message: str, code: Exit) -> NoReturn:
    """Say what is wrong and leave."""
    print(f"imageyard: {message}", file=sys.stderr)
    raise SystemExit(code)


@contextmanager
def told() -> Iterator[None]:
    """Turn the failures a person can mend into a sentence and a code; let bugs be seen as bugs."""
    try:
        yield
    except tuple(kind for kind, _ in _CODES) as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        fail(_sentence(error), code)


@contextmanager
def finding(what: str, name: str) -> Iterator[None]:
    """Leave with what was typed where there is no such thing, whatever the server calls it."""
    try:
        yield
    except errors.NotFound:
        fail(f'{what} "{name}" not found', Exit.NOT_FOUND)


def _sentence(error: BaseException) -> str:
    """What happened, and to which file; not the error's number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
