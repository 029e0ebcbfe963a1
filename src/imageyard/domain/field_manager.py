"""Names of field managers: whom a write is put down to in managedFields."""

from typing import Final

from imageyard.domain.errors import INVALID, REQUIRED, TOO_LONG, Cause
from imageyard.domain.text import Text

LONGEST: Final = 128
"""Bytes, as in Kubernetes."""
UNKNOWN: Final = "unknown"
"""Who writes without a name and without a User-Agent."""

_FIELD: Final = "fieldManager"


def default(user_agent: str) -> str:
    """The manager of a request that names none: its User-Agent up to the first slash, without what cannot be
    printed."""
    given = "".join(filter(str.isprintable, user_agent.split("/", 1)[0]))
    return given.encode()[:LONGEST].decode(errors="ignore") or UNKNOWN


def check(name: str, *, required: bool = False) -> list[Cause]:
    """What is wrong with the query parameter `fieldManager`; "" stands for none, which an apply needs."""
    if not name and required:
        return [Cause(_FIELD, REQUIRED, Text("应用补丁时必填", "is required for apply patch"))]
    causes = []
    if len(name.encode(errors="replace")) > LONGEST:
        text = Text(f"最长 {LONGEST} 字节", f"may not be more than {LONGEST} bytes")
        causes.append(Cause(_FIELD, TOO_LONG, text))
    unprintable = [(n, letter) for n, letter in enumerate(name) if not letter.isprintable()]
    if unprintable:
        n, letter = unprintable[0]
        at = len(name[:n].encode(errors="replace"))
        text = Text(
            f"第 {at} 字节处有不可打印的字符 U+{ord(letter):04X}",
            f"invalid character U+{ord(letter):04X} (at position {at})",
        )
        causes.append(Cause(_FIELD, INVALID, text))
    return causes
