"""Go-style durations (`1h30m`, `90s`), as time.ParseDuration reads them."""

import re
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Final

NANOSECONDS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5, micro sign
    "μs": 1_000,  # U+03BC, Greek letter mu
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
LONGEST: Final = 2**63 - 1
"""Nanoseconds in the longest duration Go can hold (about 292 years)."""
LONGEST_TEXT: Final = 100
"""Characters; far above what a sensible duration needs, far below what makes big-number arithmetic slow."""

_TERM = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_ALL = re.compile(rf"([-+]?)((?:{_TERM.pattern})+)")


class InvalidDuration(ValueError):
    """The text is no duration."""


@lru_cache(maxsize=1024)
def parse(text: str) -> timedelta:
    """Read a duration. A sign is read as Go does; what is finer than a microsecond is cut off.
    Raises InvalidDuration."""
    if text in ("0", "+0", "-0"):
        return timedelta()
    found = _ALL.fullmatch(text) if len(text) <= LONGEST_TEXT else None
    if found is None:
        raise InvalidDuration("no duration such as 1h30m or 90s")
    nanoseconds = int(sum(_value(number) * NANOSECONDS[unit] for number, unit in _TERM.findall(found[2])))
    if nanoseconds > LONGEST:
        raise InvalidDuration("the duration is longer than 292 years")
    elapsed = timedelta(microseconds=nanoseconds // 1000)
    return -elapsed if found[1] == "-" else elapsed


def _value(number: str) -> Fraction:
    whole, _, rest = number.partition(".")
    return Fraction(int(whole + rest or "0"), 10 ** len(rest))


def write(duration: timedelta) -> str:
    """Write as Go does: `1h0m0s`, `90s` -> `1m30s`, `1.5s`, `250ms`, `0s`."""
    microseconds = duration // timedelta(microseconds=1)
    sign = "-" if microseconds < 0 else ""
    return sign + _write(abs(microseconds))


def _write(microseconds: int) -> str:
    if microseconds == 0:
        return "0s"
    if microseconds < 1_000:
        return f"{microseconds}µs"
    if microseconds < 1_000_000:
        return _decimal(microseconds, 1_000) + "ms"
    minutes, rest = divmod(microseconds, 60_000_000)
    hours, minutes = divmod(minutes, 60)
    text = _decimal(rest, 1_000_000) + "s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(count: int, scale: int) -> str:
    whole, rest = divmod(count, scale)
    fraction = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)
