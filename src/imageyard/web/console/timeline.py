"""The sync history of an image as a line of moments: what each changed, and what it can be compared with. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote

from imageyard.domain import size
from imageyard.service.layouts import Weight
from imageyard.web.console import differences
from imageyard.web.console.histories import SyncRow

Show = Literal["", "failures", "changes"]
SHOWS: Final[tuple[Show, ...]] = ("", "failures", "changes")


@dataclass(frozen=True, slots=True)
class Summary:
    """What a change did to what is pulled. `bytes` is after less before, `size` that without its sign."""

    bytes: int
    size: str
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Moment:
    line: SyncRow
    summary: Summary | None
    """None where nothing changed, or where one of both contents is no longer held."""
    compare: str
    """Where it is compared with the content before it, "" where nothing changed."""
    offered: bool
    """Whether its content can be picked here for a comparison: at its newest moment only."""


def show(asked: str) -> Show:
    """What is no filter shows all."""
    return asked if asked in SHOWS else ""


def digests(history: Iterable[SyncRow]) -> frozenset[str]:
    """The digests that have to be weighed to tell what changed."""
    return frozenset(digest for line in history if line.changed for digest in (line.before, line.after))


def moments(history: Sequence[SyncRow], weights: Mapping[str, Weight], image: str, only: Show) -> tuple[Moment, ...]:
    """`image` is the address of the image's page."""
    found, offered = [], set[str]()
    for line in history:
        compare = comparison(image, line.before, line.after) if line.changed else ""
        found.append(Moment(line, _summary(line, weights), compare, bool(line.after) and line.after not in offered))
        offered.add(line.after)
    return tuple(each for each in found if _fits(each.line, only))


def comparison(image: str, before: str, after: str) -> str:
    """Where two digests of an image are compared; `image` is the address of its page."""
    return f"{image}/compare?from={quote(before, safe=':')}&to={quote(after, safe=':')}"


def _fits(line: SyncRow, only: Show) -> bool:
    return not only or (not line.success if only == "failures" else line.changed)


def _summary(line: SyncRow, weights: Mapping[str, Weight]) -> Summary | None:
    before, after = weights.get(line.before), weights.get(line.after)
    if not line.changed or before is None or after is None:
        return None
    kept = len(differences.common(before.layers, after.layers))
    bytes_ = after.size - before.size
    return Summary(bytes_, size.human(abs(bytes_)), len(after.layers) - kept, len(before.layers) - kept)
