"""Connections of a listener on which nobody is asking anything, so that a full listener closes the one that has been
silent longest rather than the one that has just come; and the others, so that who is looked at for being slow are they
and not all ten thousand."""

from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

from imageyard.app.corked import Corked

_LOOKS: Final = 64
"""Connections that are looked at, however many there are."""
SECONDS: Final = 75.0
"""That a connection may be kept open without asking anything."""


class Idle:
    """Transports, longest idle first, each with since when."""

    def __init__(self) -> None:
        self._held: dict[Corked, float] = {}
        self.awake: set[Any] = set()
        """Protocols whose peers have a request under way, or an answer."""

    def __len__(self) -> int:
        return len(self._held)

    def add(self, transport: Corked, now: float) -> None:
        """It is idle from now on."""
        self._held.pop(transport, None)
        self._held[transport] = now

    def drop(self, transport: Corked) -> None:
        """It is idle no more, or gone."""
        self._held.pop(transport, None)

    def make_room(self, now: float) -> bool:
        """Close the one that has been idle longest; False when none is to be found soon. One whose answer is still on
        its way is not idle, though nothing is asked on it."""
        for transport in [*islice(self._held, _LOOKS)]:
            if transport.waiting():
                self.add(transport, now)
                continue
            del self._held[transport]
            transport.abort()
            return True
        return False

    def say_goodbye(self, now: float) -> None:
        """Close those that have been idle for SECONDS. To be called now and then."""
        while self._held:
            transport, since = next(iter(self._held.items()))
            if now - since < SECONDS:
                return
            del self._held[transport]
            transport.close()


_OF: Final[WeakKeyDictionary[ServerState, Idle]] = WeakKeyDictionary()


def of(listener: ServerState) -> Idle:
    """Those of one listener."""
    found = _OF.get(listener)
    if found is None:
        found = _OF[listener] = Idle()
    return found
