"""Names for an image that somebody adds without naming it: valid object names (DNS-1123), the shortest first. Pure."""

import re
from collections.abc import Iterator
from itertools import count
from typing import Final

from imageyard.domain.image_reference import LATEST

LONGEST: Final = 200
"""Characters of a proposal; a number that tells it from others still fits into a name's 253."""
_FOREIGN: Final = re.compile(r"[^a-z0-9.-]+")
_SEAM: Final = re.compile(r"-*\.[.-]*|--+")


def names(repository: str, tag: str) -> Iterator[str]:
    """`app-v1`, then `team-app-v1` with as many folders as there are, then `app-v1-2` and so on without end."""
    parts = repository.split("/")
    depths = [_name(parts[-depth:], tag) for depth in range(1, len(parts) + 1)]
    yield from dict.fromkeys(depths)
    yield from (f"{depths[0]}-{number}" for number in count(2))


def _name(parts: list[str], tag: str) -> str:
    said = [*parts, *([] if tag == LATEST else [tag])]
    return _slug("-".join(said))[:LONGEST].rstrip(".-") or "image"


def _slug(text: str) -> str:
    """What an object may be called, as near to the text as that goes."""
    plain = _FOREIGN.sub("-", text.lower())
    return _SEAM.sub(lambda seam: "." if "." in seam[0] else "-", plain).strip(".-")
