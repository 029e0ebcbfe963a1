"""Text that shows all there is in it: no character moves the cursor, begins a line, turns others around, or hides.

Source: Unicode Standard Annex #44, General_Category.
"""

import unicodedata
from typing import Final

_HIDING: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls (ESC among them), formats (bidirectional marks, zero width), halves of characters, separators of lines."""
_STAND_IN: Final = "\N{REPLACEMENT CHARACTER}"


def is_whole(text: str) -> bool:
    """Whether every character is seen, or is a space."""
    return not any(unicodedata.category(character) in _HIDING for character in text)


def shown(text: str) -> str:
    """The text for a terminal, whoever wrote it: what would not be seen is stood in for."""
    return "".join(_STAND_IN if unicodedata.category(each) in _HIDING else each for each in text)
