"""A transport that writes in one call what one turn of the event loop brings.

A server writes an answer's head and its body by two calls. Each is a system call, wakes the reader, and under TLS is a
record of its own; together they cost more than all else of a short answer.
"""

import asyncio
from typing import Any, Final

_ENOUGH: Final = 64 * 1024
"""Bytes that are written at once: from here on the inner transport tells the writer to pause."""


_GOODBYE: Final = 0.5
"""Seconds that a peer has, under TLS, to say goodbye too. One that sits idle, as clients do that keep connections,
never does, and the server would wait for it when it stops."""


class Corked(asyncio.Transport):
    """Of `inner` whatever an HTTP server uses, with writes held until the turn ends or there are enough.

    `beneath` is the transport that `inner` itself writes to, None when that is a socket."""

    __slots__ = ("_beneath", "_held", "_inner", "_loop", "_size", "flushed")

    def __init__(
        self, inner: asyncio.Transport, loop: asyncio.AbstractEventLoop, beneath: asyncio.Transport | None = None
    ) -> None:
        self._inner = inner
        self._beneath = beneath
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0
        self.flushed = 0
        """Bytes that were handed to `inner` so far."""

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size >= _ENOUGH:
            self._flush()

    def close(self) -> None:
        """Close when everything that was written is sent."""
        self._flush()
        self._inner.close()
        if self._beneath is not None:
            self._loop.call_later(_GOODBYE, self._hang_up)

    def abort(self) -> None:
        self._held, self._size = [], 0
        self._inner.abort()

    def is_closing(self) -> bool:
        return self._inner.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._inner.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._inner.pause_reading()

    def resume_reading(self) -> None:
        self._inner.resume_reading()

    def waiting(self) -> int:
        """Bytes of the flushed ones that are still here, about: TLS adds some of its own."""
        # A TLS transport hands all it has to the one beneath, so most of it waits there.
        beneath = self._beneath.get_write_buffer_size() if self._beneath is not None else 0
        return self._inner.get_write_buffer_size() + beneath

    def unsent(self) -> int:
        """Bytes that the peer has not got, about, those included that are held until the turn ends."""
        return self._size + self.waiting()

    def _hang_up(self) -> None:
        """Close beneath TLS, once it has handed on all it had; what waits there is still sent."""
        if self._beneath is not None and not self._inner.get_write_buffer_size():
            self._beneath.close()

    def _flush(self) -> None:
        if self._held:
            self.flushed += self._size
            held, self._held, self._size = self._held, [], 0
            # The peer may have left within the turn.
            if not self._inner.is_closing():
                self._inner.writelines(held)
