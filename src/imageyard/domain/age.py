"""Ages as kubectl's tables show them: two units at most, the smaller one left out where it no longer matters.

Source: k8s.io/apimachinery/pkg/util/duration, HumanDuration.
"""

from datetime import datetime, timedelta
from typing import Final

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
YEAR: Final = 365 * DAY


def since(moment: datetime | None, now: datetime) -> str | None:
    """How long ago that was. What clocks that differ put into the future is `0s`; None for what never was."""
    return None if moment is None else human(now - moment)


def until(moment: datetime | None, now: datetime) -> str | None:
    """How long it takes until then: `0s` for what is overdue, None for what is not planned."""
    return None if moment is None else human(moment - now)


def human(elapsed: timedelta) -> str:
    """`95s`, `3m10s`, `42m`, `5h12m`, `30h`, `6d4h`, `400d`, `3y20d`, `9y`."""
    seconds = max(0, elapsed // timedelta(seconds=1))
    if seconds < 2 * MINUTE:
        return f"{seconds}s"
    if seconds < 10 * MINUTE:
        return _two(seconds, MINUTE, "m", 1, "s")
    if seconds < 3 * HOUR:
        return f"{seconds // MINUTE}m"
    if seconds < 8 * HOUR:
        return _two(seconds, HOUR, "h", MINUTE, "m")
    if seconds < 2 * DAY:
        return f"{seconds // HOUR}h"
    if seconds < 8 * DAY:
        return _two(seconds, DAY, "d", HOUR, "h")
    if seconds < 2 * YEAR:
        return f"{seconds // DAY}d"
    return _two(seconds, YEAR, "y", DAY, "d") if seconds < 8 * YEAR else f"{seconds // YEAR}y"


def _two(seconds: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    whole, rest = divmod(seconds, large)
    return f"{whole}{large_unit}" + (f"{rest // small}{small_unit}" if rest >= small else "")
