"""Secrets that are shown on the page after the form that made them: once, to who made them, and soon.

They are in no address, so that none is in a history; the page that shows one is told to nobody a second time.
"""

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from imageyard.domain.access import Actor
from imageyard.domain.secret import Secret

KEPT: Final = timedelta(minutes=1)
MOST: Final = 100
"""Of more the oldest is forgotten: it can be made anew."""


class _Held(NamedTuple):
    secret: Secret
    until: datetime


class Once:
    def __init__(self) -> None:
        self._held: dict[tuple[str, str], _Held] = {}

    def put(self, actor: Actor, name: str, secret: Secret, now: datetime) -> None:
        """Keep it for the actor's next page."""
        self._forget(now)
        self._held[_whose(actor), name] = _Held(secret, now + KEPT)
        if len(self._held) > MOST:
            del self._held[next(iter(self._held))]

    def take(self, actor: Actor, name: str, now: datetime) -> Secret | None:
        """Show it, and know it no more. None for who has it not, or no longer."""
        self._forget(now)
        held = self._held.pop((_whose(actor), name), None)
        return None if held is None else held.secret

    def _forget(self, now: datetime) -> None:
        for key in [key for key, held in self._held.items() if held.until <= now]:
            del self._held[key]


def _whose(actor: Actor) -> str:
    return actor.credential or actor.user
