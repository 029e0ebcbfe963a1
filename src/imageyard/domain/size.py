"""Sizes for people: decimal units, three significant digits, no space."""

from typing import Final

UNITS: Final = ("kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


def human(count: int) -> str:
    """`512B`, `3.99kB`, `142MB`, `1.2GB`. Rounds half up; 999500 is `1MB`, never `1000kB`."""
    if count < 1000:
        return f"{count}B"
    unit = next((n for n in range(len(UNITS)) if _rounded(count, n, 0) < 1000), len(UNITS) - 1)
    decimals = next((d for d in (2, 1) if _rounded(count, unit, d) < 1000), 0)
    whole, rest = divmod(_rounded(count, unit, decimals), 10**decimals)
    fraction = f"{rest:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole}.{fraction}{UNITS[unit]}" if fraction else f"{whole}{UNITS[unit]}"


def _rounded(count: int, unit: int, decimals: int) -> int:
    """Count in tenths, hundredths … of a unit. In integers: a float would round 2.675 the wrong way."""
    scale: int = 1000 ** (unit + 1)
    digits: int = 10**decimals
    return (2 * count * digits + scale) // (2 * scale)
