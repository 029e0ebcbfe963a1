"""Substring search: which texts are looked into and how a term is asked for. Pure.

Texts are folded (`casefold`) and joined with a separator that no folded text or term can hold, so nothing matches
across a border. The FTS5 table `grams` holds each character, and each two and three that follow each other, as one
token. Hence a term of up to three characters is a token (exact), and a longer one needs tokens that cover it and a
look at the text.
"""

import re
from collections.abc import Iterable
from typing import Final

BORDER: Final = "\x1f"
_SIZES: Final = (1, 2, 3)
_LONGEST: Final = 3
_PRIVATE: Final = 0xF700
"""ASCII characters that FTS5's `ascii` tokenizer would split at become U+F700 + code inside tokens."""
_RESERVED: Final = re.compile(f"[\x00{BORDER}\ud800-\udfff{chr(_PRIVATE)}-{chr(_PRIVATE + 0x7F)}]")
_SHIFTED: Final = {code: chr(_PRIVATE + code) for code in range(0x80) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """The form in which texts and terms are compared. What search cannot hold counts as U+FFFD."""
    return _RESERVED.sub("\ufffd", text.casefold())


def join(texts: Iterable[str]) -> str:
    """The stored form of an object's searchable texts."""
    return "".join(fold(text) + BORDER for text in texts if text)


def tokens(joined: str) -> str:
    """What the FTS5 table gets for a stored form: each token once."""
    shifted = [part.translate(_SHIFTED) for part in joined.split(BORDER)]
    return " ".join({part[at : at + size] for size in _SIZES for part in shifted for at in range(len(part) - size + 1)})


def expression(folded: str) -> str:
    """The FTS5 query for a folded term that is not empty. No character of it has a meaning there."""
    shifted = folded.translate(_SHIFTED)
    last = max(0, len(shifted) - _LONGEST)
    grams = dict.fromkeys(shifted[at : at + _LONGEST] for at in (*range(0, last, _LONGEST), last))
    return " ".join(f'"{gram}"' for gram in grams)


def is_exact(folded: str) -> bool:
    """Whether the query finds nothing but matches, so that the texts need not be read."""
    return len(folded) <= _LONGEST
