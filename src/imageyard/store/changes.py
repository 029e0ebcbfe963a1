"""The window of changes that a store keeps: what a watch or a continuation may still ask for. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from imageyard.domain.errors import Gone

KEPT_CHANGES: Final = 10_000
KEPT_FOR: Final = timedelta(minutes=5)
"""Kubernetes keeps five minutes of etcd history by default."""


class Window(NamedTuple):
    """Every change in (`trimmed`, `newest`] is kept."""

    trimmed: int
    newest: int

    def check(self, since: int) -> None:
        """Raise Gone unless all changes after `since` can be told.

        A version newer than the newest comes from another history (a database put back from a backup): waiting for
        it, as etcd does, would pass over what happens until then, so the caller lists again."""
        if not self.trimmed <= since <= self.newest:
            raise Gone


class Recorded(NamedTuple):
    """A kept change: its resourceVersion and when it was written."""

    version: int
    at: datetime


def outdated(oldest: Iterable[Recorded], newest: int, now: datetime) -> int | None:
    """Up to which version changes may be dropped, None for none. `oldest` begins with the oldest.

    It stops at the first that is still needed: a clock that was set back must not tear holes."""
    last = None
    for change in oldest:
        if change.version > newest - KEPT_CHANGES or change.at > now - KEPT_FOR:
            break
        last = change.version
    return last
