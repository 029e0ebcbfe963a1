"""Structured logs to standard error: one JSON object a line, or columns for people. One redaction point.

Keys: ts, level, msg, then the event's own identifiers (request_id, user, verb, resource, namespace, name, code, reason,
duration_ms …). Standard output is left to what a command answers.
The redaction is the last line of defence, not the first: code logs identifiers, never values.
"""

import json
import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
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
    (re.compile(r"\beyJ[A-Za-z0-9_-]{17,}(?:\.[A-Za-z0-9_-]*){0,2}"), "***"),  # a JWT, or the head of one
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


def scrub(text: str) -> str:
    """Take credentials and URL queries out of a text, in time that grows with its length only."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def configure(level: str, style: str) -> None:
    """Set up structlog and the standard library's logging (libraries' own lines, warnings and up)."""
    renderer: Any = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), event_key="msg", timestamp_key="ts", exception_formatter=_plain_traceback
        )
        if style == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
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


class _Bridge(logging.Formatter):
    """Other libraries' lines in our shape."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "msg": scrub(super().format(record)),
            "logger": record.name,
        }
        return json.dumps(line, ensure_ascii=False)


def _plain_traceback(sio: Any, exc_info: Any) -> None:
    """A traceback without locals: those could hold a password."""
    structlog.dev.plain_traceback(sio, exc_info)
