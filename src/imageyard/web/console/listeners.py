"""Who listens to changes, so that nobody holds more streams open than a few tabs need."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imageyard.domain.errors import TooManyRequests
from imageyard.domain.text import Text

MOST: Final = 12
"""Streams of one session; a tab has one."""
MOST_IN_ALL: Final = 1_000
_AGAIN: Final = 15
_TOO_MANY: Final = Text("打开的页面过多，改为定时刷新", "too many open pages; this one refreshes now and then instead")


class Listeners:
    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """One more stream, for as long as the block runs."""
        self._held[session] += 1
        try:
            yield
        finally:
            self._held[session] -= 1
            if not self._held[session]:
                del self._held[session]

    def check(self, session: str) -> None:
        """Raises TooManyRequests where another stream would be one too many."""
        if self._held[session] >= MOST or self._held.total() >= MOST_IN_ALL:
            raise TooManyRequests(_TOO_MANY, _AGAIN)
