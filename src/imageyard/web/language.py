"""Which language an answer speaks: `Accept-Language` with its weights (RFC 9110 section 12.5.4)."""

import re
from functools import lru_cache

from imageyard.domain.text import Language

_MAX_HEADER = 512
"""Browsers send well under 200 characters; what is longer is not read."""
_WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.IGNORECASE)


@lru_cache(maxsize=512)
def choose(header: str, default: Language) -> Language:
    """The language the header prefers; `default` when it prefers neither Chinese nor English."""
    if not header or len(header) > _MAX_HEADER:
        return default
    weights = _weights(header)
    chinese = weights.get("zh", weights.get("*", 0.0))
    english = weights.get("en", weights.get("*", 0.0))
    if chinese == english:
        return default
    return "zh" if chinese > english else "en"


def _weights(header: str) -> dict[str, float]:
    """The best weight of each primary language tag; items that cannot be read are left out."""
    weights: dict[str, float] = {}
    for item in header.split(","):
        tag, *parameters = (part.strip() for part in item.split(";"))
        weight = _weight(parameters)
        language = tag.lower().partition("-")[0]
        if language and weight is not None:
            weights[language] = max(weight, weights.get(language, 0.0))
    return weights


def _weight(parameters: list[str]) -> float | None:
    if not parameters:
        return 1.0
    found = _WEIGHT.fullmatch(parameters[0].replace(" ", ""))
    return float(found[1]) if found else None
