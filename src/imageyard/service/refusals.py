"""Who is known and was refused fills no audit trail either: so many records a user and minute, then a count.

A refusal costs next to nothing, so one who may nothing could otherwise push out of the trail what others did. Nothing
was done for him: a line of what was done, or may have been, is never left out.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from msgspec import UNSET

from imageyard.domain.audit import Event

PER_USER: Final = 300


class Refusals:
    """One minute's refusals of callers that are known. Pure; memory is an entry for each user who was refused."""

    def __init__(self) -> None:
        self._refused: Counter[str] = Counter()

    def admits(self, user: str) -> bool:
        """Count one more of a user: whether it is recorded, or left out."""
        self._refused[user] += 1
        return self._refused[user] <= PER_USER

    @property
    def left_out(self) -> Mapping[str, int]:
        """By user."""
        return {user: count - PER_USER for user, count in self._refused.items() if count > PER_USER}


def is_refusal(event: Event) -> bool:
    """Whether nothing was done, and nothing is wrong with this server: 4xx."""
    answered = event.response_status
    return answered is not UNSET and 400 <= answered.code < 500
