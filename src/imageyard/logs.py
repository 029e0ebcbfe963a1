"""Structured logs to standard error: one JSON object a line, or columns for people. One redaction point.

Keys: ts, level, msg, then the event's own identifiers (request_id, user, verb, resource, namespace, name, code, reason,
duration_ms …). Standard output is left to what a command answers.
The redaction is the last line of defence, not the first: code logs identifiers, never values. Of an exception that
nobody foresaw types and places are written: its text and its frames' locals may hold whatever was being worked on.
"""

import asyncio
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

import structlog

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_SECRET_KEYS: Final = re.compile(r"authorization|password|secret|token|cookie|signature|credential", re.IGNORECASE)
_PUBLIC_KEYS: Final = frozenset({"token_name"})


def _without_query(url: re.Match[str]) -> str:
    return f"{url[1]}?***" if url[2] else url[0]


_PATTERNS: Final[tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}"), r"\1 ***"),
    (re.compile(r"\biy_[A-Za-z0-9_-]{20,}"), "***"),
    # A JWT (RFC 7519) begins with the base64 of `{"`, and may be a head alone; what follows may hold names of people.
    (re.compile(r"\beyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*){0,4}"), "***"),
    (re.compile(r"(https?://)[^/\s@]+@"), r"\1***@"),
    # The query is optional, so that a URL without one is passed over as a whole and not tried from each `http` in it.
    (re.compile(r"(https?://[^\s?#]+)([?#][^\s\"']+)?"), _without_query),
)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values of telling keys, credentials and URL queries inside texts."""
    for key, value in event.items():
        if _SECRET_KEYS.search(key) and key not in _PUBLIC_KEYS:
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = scrub(value)
    return event


def foreseen_by_nobody(error: BaseException) -> dict[str, Any]:
    """An exception and what led to it: types, and where in the code; no texts."""
    chain, seen = list[BaseException](), set[int]()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(chain) < _LONGEST_CHAIN:
        seen.add(id(link))
        chain.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    places = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for each in reversed(chain)
        for frame in traceback.extract_tb(each.__traceback__)[-_MOST_PLACES:]
    ]
    return {"exception": " from ".join(type(each).__name__ for each in chain), "places": places}


_LONGEST_CHAIN: Final = 8
_MOST_PLACES: Final = 40


def _tell_places(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info` (True, an exception, or a triple) as what may be told of it."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event.update(foreseen_by_nobody(error))
    return event


def scrub(text: str) -> str:
    """Take credentials and URL queries out of a text, in time that grows with its length only."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def configure(level: str, style: str) -> None:
    """Set up structlog and the standard library's logging (libraries' own lines, warnings and up)."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), event_key="msg", timestamp_key="ts")
        if style == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            _tell_places,
            structlog.processors.EventRenamer("msg"),
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=max(_LEVELS[level], logging.WARNING), stream=sys.stderr, format="%(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_Bridge())


def take_over(loop: asyncio.AbstractEventLoop) -> None:
    """Have what Python itself prints of failures that nobody handled go the same way: of tasks and callbacks of the
    loop, of threads, of finalizers, of the program."""
    loop.set_exception_handler(_unhandled)
    threading.excepthook = lambda raised: _crashed("thread_crashed", raised.exc_value)
    sys.unraisablehook = lambda raised: _crashed("finalizer_crashed", raised.exc_value)
    sys.excepthook = _ended


def _unhandled(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    task = context.get("task") or context.get("future")
    name = task.get_name() if isinstance(task, asyncio.Task) else ""
    what = _before_values(str(context.get("message", "")))
    structlog.get_logger().error("task_crashed", what=what, task=name, exc_info=context.get("exception"))


def _before_values(message: str) -> str:
    """asyncio's own words: behind a bracket, or on further lines, stand callbacks and tasks with their arguments."""
    return re.split(r"[<({\n]", message, maxsplit=1)[0].strip()


def _crashed(event: str, error: BaseException | None) -> None:
    structlog.get_logger().error(event, exc_info=error)


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _crashed("crashed", error)


class _Bridge(logging.Formatter):
    """Other libraries' lines in our shape."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "msg": _before_values(record.getMessage()) if record.name == "asyncio" else scrub(record.getMessage()),
            "logger": record.name,
        }
        error = record.exc_info[1] if record.exc_info else None
        return json.dumps(line | (foreseen_by_nobody(error) if error else {}), ensure_ascii=False)
