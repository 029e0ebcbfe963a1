"""Moments as they are stored: whole microseconds since 1970, so that SQLite compares them as Python does."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def stored(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def stored_or_none(moment: datetime | None) -> int | None:
    return None if moment is None else stored(moment)


def read(value: int) -> datetime:
    return _EPOCH + value * _MICROSECOND
