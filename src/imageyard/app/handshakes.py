"""TLS connections from accept to the end of their handshake: they are counted, and have not for ever.

asyncio's own TLS server tells its protocol of a connection after the handshake, so a peer that stays silent would hold
a descriptor unseen. Here the connection is accepted as plain TCP and TLS is put on it.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final

from uvloop.loop import SSLProtocol  # type: ignore[attr-defined]  # its stub leaves it out

from imageyard.app import idle
from imageyard.app.patience import Patient

SECONDS: Final = 10.0
"""From the connection to the end of its handshake."""
HONEST: Final = 1.0
"""Seconds that a peer may take before it is the first to make room."""


class Handshakes:
    """Called for each connection of a TLS listener; holds those that are no HTTP connections yet, oldest first.
    `most` counts both. `protocol` makes what speaks HTTP behind them."""

    def __init__(self, context: ssl.SSLContext, most: int, protocol: Callable[..., Patient] = Patient) -> None:
        self._context = context
        self._most = most
        self._protocol = protocol
        self._arriving: dict[asyncio.Transport, float] = {}
        """Each with when it came."""

    def __len__(self) -> int:
        return len(self._arriving)

    def __call__(self, **given: Any) -> asyncio.Protocol:
        """What uvicorn gives its protocols goes to the one behind the handshake."""
        return _Arriving(self, self._protocol(**given))

    def close(self) -> None:
        """Drop them: nobody has asked for anything."""
        for transport in [*self._arriving]:
            transport.abort()

    def begin(self, transport: asyncio.Transport, protocol: Patient) -> None:
        """Shake hands, after which `protocol` has the connection. Where there are too many, somebody makes room."""
        now = protocol.loop.time()
        if len(self._arriving) + len(protocol.connections) >= self._most and not self._make_room(protocol, now):
            transport.abort()
            return
        self._arriving[transport] = now
        done = protocol.loop.create_future()
        done.add_done_callback(lambda _: self._end(transport, done))
        protocol.beneath = transport
        tls = SSLProtocol(protocol.loop, protocol, self._context, done, server_side=True, ssl_handshake_timeout=SECONDS)
        transport.set_protocol(tls)
        tls.connection_made(transport)

    def _make_room(self, protocol: Patient, now: float) -> bool:
        """By closing the handshake that takes longest, of which an honest peer needs a fraction of a second; before one
        that has just begun, the connection that has been idle longest."""
        oldest, began = next(iter(self._arriving.items()), (None, now))
        if now - began < HONEST and idle.of(protocol.server_state).make_room(now):
            return True
        if oldest is None:
            return False
        del self._arriving[oldest]
        oldest.abort()
        return True

    def _end(self, transport: asyncio.Transport, done: "asyncio.Future[None]") -> None:
        self._arriving.pop(transport, None)
        if done.cancelled() or done.exception() is not None:
            transport.abort()


class _Arriving(asyncio.Protocol):
    """A connection of which nothing was read."""

    def __init__(self, handshakes: Handshakes, protocol: Patient) -> None:
        self._handshakes = handshakes
        self._protocol = protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._handshakes.begin(transport, self._protocol)
