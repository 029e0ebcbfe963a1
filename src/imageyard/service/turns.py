"""One at a time per key: a lock for each key in use, none for the rest."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Turn(Generic[V]):
    """`left` is what the one before left for those who were waiting, None when nothing."""

    def __init__(self) -> None:
        self.left: V | None = None
        self.lock = asyncio.Lock()
        self.takers = 0


class Turns(Generic[K, V]):
    """First come, first served within a key; keys do not wait for each other."""

    def __init__(self) -> None:
        self._turns: dict[K, Turn[V]] = {}

    @asynccontextmanager
    async def take(self, key: K) -> AsyncIterator[Turn[V]]:
        """Hold the key's turn. What is left in it is gone when nobody waits any more."""
        turn = self._turns.setdefault(key, Turn())
        turn.takers += 1
        try:
            async with turn.lock:
                yield turn
        finally:
            turn.takers -= 1
            if not turn.takers:
                del self._turns[key]
