"""Substring search: which texts are looked into and how a term is asked for. Pure.

Texts are folded (`casefold`) and joined with a separator that no folded text or term can hold, so nothing matches
across a border. The FTS5 table `grams` holds each three characters that follow each other as one token; behind each
text stand two separators, so every character begins a token. Hence a term of one or two characters is the beginning
of a token (exact), one of three is a token (exact), and a longer one needs all its tokens and a look at the text.
"""

import re
from collections.abc import Iterable
from typing import Final

BORDER: Final = "\x1f"
_SIZE: Final = 3
_PRIVATE: Final = 0xF700
"""ASCII characters that FTS5's `ascii` tokenizer would split at become U+F700 + code inside tokens."""
_RESERVED: Final = re.compile(f"[\x00{BORDER}\ud800-\udfff{chr(_PRIVATE)}-{chr(_PRIVATE + 0x7F)}]")
_SHIFTED: Final = {code: chr(_PRIVATE + code) for code in range(0x80) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """The form in which texts and terms are compared. What search cannot hold counts as U+FFFD."""
    return _RESERVED.sub("\ufffd", text.casefold())


def join(texts: Iterable[str]) -> str:
    """The stored form of an object's searchable texts."""
    return "".join(fold(text) + BORDER + BORDER for text in texts if text)


def tokens(joined: str) -> str:
    """What the FTS5 table gets for a stored form: each token once."""
    shifted = joined.translate(_SHIFTED)
    return " ".join({shifted[at : at + _SIZE] for at in range(len(shifted) - _SIZE + 1)})


def expression(folded: str) -> str:
    """The FTS5 query for a folded term that is not empty. No character of it has a meaning there."""
    shifted = folded.translate(_SHIFTED)
    if len(shifted) < _SIZE:
        return f'"{shifted}"*'
    grams = dict.fromkeys(shifted[at : at + _SIZE] for at in range(len(shifted) - _SIZE + 1))
    return " ".join(f'"{gram}"' for gram in grams)


def is_exact(folded: str) -> bool:
    """Whether the query finds nothing but matches, so that the texts need not be read."""
    return len(folded) <= _SIZE
