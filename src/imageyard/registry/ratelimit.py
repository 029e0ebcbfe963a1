"""What a registry says about its pace: Retry-After (RFC 9110 10.2.3) and Docker Hub's rate-limit headers. Pure."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from imageyard.egress import Response
from imageyard.registry import Quota

MIN_WAIT: Final = 1.0
MAX_WAIT: Final = 900.0
"""Seconds; a registry that asks for more is asked again after this."""

_SECONDS = re.compile(r"[0-9]{1,10}")
_WINDOW = re.compile(r";\s*w=([0-9]{1,7})(?:\s|;|$)")
_COUNT = re.compile(r"([0-9]{1,9})(?:\s*;.*)?")


def retry_after(response: Response, now: datetime) -> float | None:
    """Seconds to wait, from whole seconds or an HTTP date, within 1 s and 15 min; None when there is none."""
    text = response.header("retry-after").strip()
    if _SECONDS.fullmatch(text):
        return _clamp(float(text))
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _clamp((moment - now).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def quota(response: Response) -> Quota | None:
    """`ratelimit-limit: 100;w=21600` and `ratelimit-remaining: 76;w=21600`; None when neither tells a number."""
    limit, remaining = _count(response.header("ratelimit-limit")), _count(response.header("ratelimit-remaining"))
    if limit is None and remaining is None:
        return None
    window = _WINDOW.search(response.header("ratelimit-limit"))
    return Quota(limit, remaining, int(window[1]) if window else None)


def _count(text: str) -> int | None:
    found = _COUNT.fullmatch(text.strip())
    return int(found[1]) if found else None


def _clamp(seconds: float) -> float:
    return min(max(seconds, MIN_WAIT), MAX_WAIT)
