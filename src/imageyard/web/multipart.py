"""A form with files as browsers send it (multipart/form-data, RFC 7578): bytes in, named parts out. Pure.

Only what browsers write is read: no nested parts, no transfer encodings, no header but Content-Disposition matters.
"""

import re
from typing import Final

from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text

TYPE: Final = "multipart/form-data"
MOST_PARTS: Final = 100
_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))')
_NAME: Final = re.compile(rb'content-disposition:[^\r\n]*[; ]name="([^"\r\n]{0,100})"', re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_LONGEST_HEAD: Final = 2_000


def parse(raw: bytes, content_type: str) -> dict[str, list[str]]:
    """Each field's values in the order they came. Raises BadRequest for what no browser sends, or is no UTF-8."""
    named = _BOUNDARY.search(content_type)
    if named is None:
        raise _unreadable()
    border = b"--" + (named[1] or named[2]).encode("latin-1")
    pieces = (b"\r\n" + raw).split(b"\r\n" + border, MOST_PARTS + 2)
    if len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        raise _unreadable()
    fields: dict[str, list[str]] = {}
    for piece in pieces[1:-1]:
        name, value = _part(piece)
        fields.setdefault(name, []).append(value)
    return fields


def _part(piece: bytes) -> tuple[str, str]:
    head, end, content = piece.partition(_END)
    name = _NAME.search(head) if len(head) <= _LONGEST_HEAD else None
    if not end or name is None:
        raise _unreadable()
    try:
        return name[1].decode(), content.decode()
    except UnicodeDecodeError:
        raise BadRequest(Text("内容须为 UTF-8 文本", "the content must be UTF-8 text")) from None


def _unreadable() -> BadRequest:
    return BadRequest(Text("无法读取提交的表单", "the form that was sent cannot be read"))
