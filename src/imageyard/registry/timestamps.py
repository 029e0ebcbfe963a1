"""The time an image says it was built, where that means something (image-spec config.md: RFC 3339, optional)."""

import re
from datetime import UTC, datetime
from typing import Final

FIRST_YEAR: Final = 2000
"""Reproducible builds write 1970, 1980 or year 1: no build time at all."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def meaningful(value: object) -> datetime | None:
    """The moment in UTC and whole seconds; None when absent, malformed or before 2000."""
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= FIRST_YEAR else None
