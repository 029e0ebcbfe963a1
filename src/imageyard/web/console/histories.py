"""Lines of an object's history, as they are stored and as pages show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from imageyard.web.console import moments
from imageyard.web.console.visit import Said, Visit


class Step(Struct):
    name: str
    outcome: str
    message: str = ""
    milliseconds: int = 0


class VerifyLine(Struct, rename="camel"):
    time: str
    success: bool
    reason: str = ""
    message: str = ""
    trigger: str = ""
    duration_ms: int = 0
    steps: list[Step] = []


class SyncLine(Struct, rename="camel"):
    time: str
    result: str
    reason: str = ""
    message: str = ""
    trigger: str = ""
    duration_ms: int = 0
    digest_before: str = ""
    digest_after: str = ""


@dataclass(frozen=True, slots=True)
class VerifyRow:
    time: datetime | None
    success: bool
    said: Said
    message: str
    trigger: str
    milliseconds: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SyncRow:
    time: datetime | None
    success: bool
    said: Said
    trigger: str
    milliseconds: int
    before: str
    after: str
    changed: bool
    """Whether the tag names another digest since."""


_VERIFY: Final = msgspec.json.Decoder(VerifyLine)
_SYNC: Final = msgspec.json.Decoder(SyncLine)


def verifications(lines: Iterable[bytes], visit: Visit) -> tuple[VerifyRow, ...]:
    return tuple(_verification(_VERIFY.decode(line), visit) for line in lines)


def syncs(lines: Iterable[bytes], visit: Visit) -> tuple[SyncRow, ...]:
    return tuple(_sync(_SYNC.decode(line), visit) for line in lines)


def _verification(line: VerifyLine, visit: Visit) -> VerifyRow:
    said, when = visit.said(line.reason, line.message), moments.read(line.time)
    return VerifyRow(when, line.success, said, line.message, line.trigger, line.duration_ms, tuple(line.steps))


def _sync(line: SyncLine, visit: Visit) -> SyncRow:
    said, when = visit.said(line.reason, line.message), moments.read(line.time)
    changed = bool(line.digest_before and line.digest_after and line.digest_before != line.digest_after)
    return SyncRow(
        when,
        line.result == "Success",
        said,
        line.trigger,
        line.duration_ms,
        line.digest_before,
        line.digest_after,
        changed,
    )
