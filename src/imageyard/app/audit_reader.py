"""Reads the audit trail backwards: the newest record first, across rotated files, in bounded memory and time.

A place in the trail is a file (by inode, since rotation renames it) and the offset at which a line begins; a checksum
of that line tells when the inode is another file's by now.
"""

import asyncio
import base64
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from imageyard.app import audit_file
from imageyard.domain.audit import Event
from imageyard.domain.errors import INVALID, Cause, Gone, Invalid, Unavailable
from imageyard.domain.text import Text
from imageyard.service.audit import Page, Query

BLOCK: Final = 64 * 1024
LONGEST: Final = 256 * 1024
"""Bytes of a line; a longer one is no record of ours and is passed over."""
LOOKED_AT: Final = 8 * 1024 * 1024
"""Bytes that one page looks through; where few records match, a page ends early and says where to go on."""
DISORDER: Final = timedelta(minutes=10)
"""How much older than the record after it a record may be: clocks are set, and requests overtake each other."""
_PLACE: Final = re.compile(r"([0-9]{1,20})\.([0-9]{1,18})\.([0-9]{1,10})")
_decode: Final = msgspec.json.Decoder(Event).decode


class Place(NamedTuple):
    """Where a page ended: with the line that begins at `offset`, which has this checksum."""

    inode: int
    offset: int
    checksum: int

    def token(self) -> str:
        return base64.urlsafe_b64encode(".".join(map(str, self)).encode()).decode().rstrip("=")

    @staticmethod
    def of(token: str) -> "Place":
        """Raises Invalid."""
        with suppress(ValueError):
            found = _PLACE.fullmatch(base64.urlsafe_b64decode(f"{token}==").decode("ascii"))
            if found:
                return Place(*map(int, found.groups()))
        text = Text("不是审计列表给出的值", "is no value that a list of the audit trail gave")
        raise Invalid([Cause("continue", INVALID, text)])


class Line(NamedTuple):
    offset: int
    text: bytes


class AuditReader:
    def __init__(self, directory: Path, looked_at: int = LOOKED_AT) -> None:
        self._directory = directory
        self._looked_at = looked_at

    async def read(self, query: Query) -> Page:
        """As Audit has it; in a thread, since files are read."""
        place = Place.of(query.continuation) if query.continuation else None
        try:
            return await asyncio.to_thread(self._page, query, place)
        except OSError as error:
            raise Unavailable(Text("审计记录无法读取", "the audit trail cannot be read")) from error

    def _page(self, query: Query, place: Place | None) -> Page:
        items: list[bytes] = []
        seen = 0
        for inode, line in self._lines(place):
            event = _event(line.text)
            if event is not None and _is_past(event, query.filter.since):
                break
            if event is not None and query.filter.matches(event):
                items.append(line.text)
            seen += len(line.text) + 1
            if len(items) >= query.limit or seen >= self._looked_at:
                return Page(items, Place(inode, line.offset, zlib.crc32(line.text)).token())
        return Page(items, "")

    def _lines(self, place: Place | None) -> Iterator[tuple[int, Line]]:
        """Every line before a place, newest first, with its file's inode. Raises Gone when the place is not there."""
        for path in audit_file.files(self._directory):
            with suppress(FileNotFoundError), path.open("rb") as file:  # rotated away meanwhile
                status = os.fstat(file.fileno())
                end = status.st_size
                if place is not None:
                    if status.st_ino != place.inode or not _is_there(file, place):
                        continue
                    end, place = place.offset, None
                for line in backwards(file, end):
                    yield status.st_ino, line
        if place is not None:
            raise Gone


def backwards(file: BinaryIO, end: int) -> Iterator[Line]:
    """The lines before `end`, last first, without their line feeds. One that is longer than LONGEST is left out, so
    that what is held in memory is bounded."""
    rest, overlong, position = b"", False, end
    while position > 0:
        start = max(0, position - BLOCK)
        file.seek(start)
        text = file.read(position - start) + rest
        head, *lines = text.split(b"\n")
        if overlong and lines:
            # The beginning of the line whose end was dropped.
            dropped = lines.pop()
            text, overlong = text[: len(text) - len(dropped) - 1], False
        offset = start + len(text) + 1
        for line in reversed(lines):
            offset -= len(line) + 1
            if line:
                yield Line(offset, line)
        overlong = overlong or len(head) > LONGEST
        rest, position = b"" if overlong else head, start
    if rest:
        yield Line(0, rest)


def _is_there(file: BinaryIO, place: Place) -> bool:
    file.seek(place.offset)
    return zlib.crc32(file.readline(LONGEST).rstrip(b"\n")) == place.checksum


def _event(line: bytes) -> Event | None:
    """None for half a line, as a full disk leaves it."""
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _is_past(event: Event, since: datetime | None) -> bool:
    return since is not None and event.stage_timestamp + DISORDER < since
