"""An answer that is all there is written by one call, beside ASGI's two messages.

uvicorn reads every header of every answer anew. Most answers have the same ones but for two, and they are the larger
part of what a short answer costs. The scope offers this as an extension (ASGI specification, "Extensions").
"""

import re
from functools import lru_cache
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from imageyard.web.hygiene import Headers

_FORBIDDEN: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
"""Never part of a header (RFC 9110 section 5.5)."""
_LARGE: Final = 8 * 1024
"""Bytes of a body that is better written by itself than copied behind its head."""


class Whole:
    """The way to answer one request as a whole."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def __call__(self, status: int, constant: tuple[Headers, ...], own: Headers, body: bytes) -> bool:
        """Answer with these headers, of which `constant` are those that many answers share; `own` has a Content-Length
        where there is a body. False when it has to be done by messages: nothing was sent then."""
        cycle = self._cycle
        if cycle.flow.write_paused or cycle.response_started:
            return False
        shared = _shared(constant)
        if shared is None:
            return False
        if cycle.disconnected:
            return True
        head = [STATUS_LINE[status], _lines(tuple(cycle.default_headers)), shared, *map(line, own)]
        head.append(b"\r\n" if cycle.keep_alive else b"connection: close\r\n\r\n")
        cycle.response_started = cycle.response_complete = True
        cycle.waiting_for_100_continue = False
        if len(body) < _LARGE:
            head.append(body)
            cycle.transport.write(b"".join(head))
        else:
            cycle.transport.write(b"".join(head))
            cycle.transport.write(body)
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


@lru_cache(maxsize=512)
def _shared(constant: tuple[Headers, ...]) -> bytes | None:
    """None for an answer that decides what becomes of its connection."""
    if any(name == b"connection" for headers in constant for name, _ in headers):
        return None
    return b"".join(map(_lines, constant))


@lru_cache(maxsize=512)
def _lines(headers: Headers) -> bytes:
    return b"".join(map(line, headers))


def line(header: tuple[bytes, bytes]) -> bytes:
    """A header as it is sent. Raises ValueError for what no header may hold."""
    written = b"%b: %b" % header
    if _FORBIDDEN.search(written):
        raise ValueError(f"the header {header[0]!r} holds what no header may")
    return written + b"\r\n"
