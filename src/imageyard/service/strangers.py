"""Who is not known fills no audit trail: so many records an address and minute, then a count.

Everybody may fail to authenticate as often as he likes, so each failure may cost a line only up to a bound.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from imageyard.domain import peers

PER_ADDRESS: Final = 10
"""Of IPv6, an address is a /64."""
IN_ALL: Final = 300
"""Records of strangers in a minute, from whichever addresses; with the counts at most twice as many lines."""
OTHERS: Final = ""
"""In place of an address: all those that have no record of their own in this minute."""


class Strangers:
    """One minute's records of strangers. Pure; memory is bounded by IN_ALL."""

    def __init__(self) -> None:
        self._admitted: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()
        self._total = 0

    def admits(self, address: str) -> bool:
        """Count one more of an address: whether it is recorded, or left out."""
        address = peers.network(address)
        if self._total < IN_ALL and self._admitted[address] < PER_ADDRESS:
            self._admitted[address] += 1
            self._total += 1
            return True
        self._left_out[address if address in self._admitted else OTHERS] += 1
        return False

    @property
    def left_out(self) -> Mapping[str, int]:
        """By address."""
        return self._left_out
