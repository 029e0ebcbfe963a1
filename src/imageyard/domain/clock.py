"""Time as it is passed in: what loops and use cases need of a clock. Tests bring their own."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The wall clock, aware, UTC. For what is stored and shown."""

    def monotonic(self) -> float:
        """Seconds that never go back. For timeouts, pauses, token lifetimes."""

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds of this clock."""
