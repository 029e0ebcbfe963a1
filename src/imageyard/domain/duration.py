"""Go-style durations (`1h30m`, `90s`), as time.ParseDuration reads them."""

from datetime import timedelta


class InvalidDuration(ValueError):
    """The text is no duration."""


def parse(text: str) -> timedelta:
    """Read a duration. Raises InvalidDuration."""
    raise NotImplementedError


def write(duration: timedelta) -> str:
    """Write as Go does: `1h0m0s`, `90s` -> `1m30s`."""
    raise NotImplementedError
