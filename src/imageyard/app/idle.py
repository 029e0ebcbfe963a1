"""Connections of a listener on which nobody is asking anything, so that a full listener closes the one that has been
silent longest rather than the one that has just come; and the others, so that who is looked at for being slow are they
and not all ten thousand."""

import math
from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

from uvicorn.server import ServerState

from imageyard.app.corked import Corked

_LOOKS: Final = 64
"""Connections that are looked at, however many there are."""
_AT_ONCE: Final = 64
"""Connections that are awake and are looked at in one turn of the loop, at least."""
_GOODBYES: Final = 4
"""Connections that are closed in one: under TLS it takes a tenth of a millisecond each."""
_PAUSE: Final = 1.0
"""Seconds between two looks at one that is awake."""
SECONDS: Final = 75.0
"""That a connection may be kept open without asking anything."""


class Idle:
    """Transports, longest idle first, each with since when."""

    def __init__(self) -> None:
        self._held: dict[Corked, float] = {}
        self._awake: dict[Any, float] = {}
        """Protocols whose peers have a request under way, or an answer, with when each was looked at."""

    def __len__(self) -> int:
        return len(self._held)

    def wake(self, protocol: Any) -> None:
        """Its peer is asking."""
        self._awake.setdefault(protocol, -math.inf)

    def rest(self, protocol: Any) -> None:
        """It need not be looked at."""
        self._awake.pop(protocol, None)

    def awake(self, now: float) -> list[Any]:
        """Those to be looked at now. All have their turn within a second or two, each time one in ten: a thousand at
        once would be a turn of the loop of several milliseconds."""
        most = max(_AT_ONCE, len(self._awake) // 10)
        due = [each for each, since in islice(self._awake.items(), most) if now - since >= _PAUSE]
        for each in due:
            del self._awake[each]
            self._awake[each] = now
        return due

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
            if transport.unsent():
                self.add(transport, now)
                continue
            del self._held[transport]
            transport.abort()
            return True
        return False

    def say_goodbye(self, now: float) -> None:
        """Close those that have been idle for SECONDS, a few at a time. To be called some ten times a second."""
        for transport, since in [*islice(self._held.items(), _GOODBYES)]:
            if now - since < SECONDS:
                return
            if transport.unsent():
                self.add(transport, now)
                continue
            del self._held[transport]
            transport.close()


_OF: Final[WeakKeyDictionary[ServerState, Idle]] = WeakKeyDictionary()


def of(listener: ServerState) -> Idle:
    """Those of one listener."""
    found = _OF.get(listener)
    if found is None:
        found = _OF[listener] = Idle()
    return found
