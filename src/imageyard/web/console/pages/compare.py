"""Two contents of one image: what came, what went, what stayed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from imageyard.domain import size
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.web.console import commands, differences, entries, histories, rows, sides, stacks
from imageyard.web.console.commands import Commands
from imageyard.web.console.contents import ConfigShown
from imageyard.web.console.differences import Config, LayerChange, Layers, Platforms
from imageyard.web.console.histories import SyncRow
from imageyard.web.console.room import Room
from imageyard.web.console.rows import ImageRow
from imageyard.web.console.sides import Side
from imageyard.web.console.stacks import Picture
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

MOST_ROWS: Final = 150
"""Layers in the table; of more the number is told."""
_BARE: Final = ConfigShown("", "", (), (), (), (), (), "", ())


@dataclass(frozen=True, slots=True)
class Choice:
    """A content that can be compared: its digest, and when the tag was first seen to name it."""

    digest: str
    seen: datetime | None
    current: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """What there is to say of two contents that are both at hand."""

    bytes: int
    """After less before."""
    size: str
    """The same without its sign."""
    layers: Layers
    shown: tuple[LayerChange, ...]
    pull: str
    """What a host that has the former still has to pull."""
    picture: Picture
    config: Config
    platforms: Platforms | None
    """None where neither is an index."""


@dataclass(frozen=True, slots=True)
class ComparePage:
    row: ImageRow
    choices: tuple[Choice, ...]
    before: Side | None
    after: Side | None
    platform: str
    platforms: tuple[str, ...]
    difference: Difference | None
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    image: Repository = REPOSITORY.decode(stored.body)
    lines = await visit.doors.objects.history(visit.actor, REPOSITORY, namespace, name)
    known = choices(image, histories.syncs(lines, visit))
    asked = _asked(visit, known)
    platform = visit.query.text("platform") or sides.platform_of(image)
    before, after = [await sides.opened(visit, image, digest, platform) for digest in asked] if asked else (None, None)
    both = before is not None and after is not None and not before.problem and not after.problem
    context = ComparePage(
        row=rows.image(image, visit),
        choices=known,
        before=before,
        after=after,
        platform=platform,
        platforms=_platforms(before, after),
        difference=difference(before, after) if both and before and after else None,
        commands=_commands(visit, image, asked),
    )
    return await room.templates.page(visit, "compare.html", context, place="images", namespace=namespace)


def choices(image: Repository, history: Sequence[SyncRow]) -> tuple[Choice, ...]:
    """The contents that the tag has named, as far as is remembered, the newest first."""
    current = image.status.manifest.digest if image.status.manifest else ""
    seen: dict[str, datetime | None] = {current: None} if current else {}
    for line in history:
        for digest, time in ((line.after, line.time), (line.before, None)):
            if digest and (time is not None or digest not in seen):
                seen[digest] = time
    return tuple(Choice(digest, time, digest == current) for digest, time in seen.items())


def difference(before: Side, after: Side) -> Difference:
    """Both are there, whatever they are: what has no layers or no config has none to compare."""
    layers, bytes_ = differences.layers(before.layers, after.layers), after.bytes - before.bytes
    indexes = entries.platforms(before.entries), entries.platforms(after.entries)
    return Difference(
        bytes_,
        size.human(abs(bytes_)),
        layers,
        layers.rows[:MOST_ROWS],
        size.human(layers.new_bytes),
        stacks.draw(layers.rows),
        differences.config(before.config or _BARE, after.config or _BARE),
        differences.platforms(*indexes) if any(indexes) else None,
    )


def _asked(visit: Visit, known: Sequence[Choice]) -> tuple[str, str] | None:
    """Which two: as asked, else the content there is now and the one before it."""
    default: Mapping[str, str] = dict(zip(("to", "from"), (each.digest for each in known), strict=False))
    before, after = (visit.query.text(name) or default.get(name, "") for name in ("from", "to"))
    return (before, after) if before and after else None


def _platforms(*both: Side | None) -> tuple[str, ...]:
    found = [name for side in both if side is not None for name in entries.platforms(side.entries)]
    return tuple(dict.fromkeys(found))


def _commands(visit: Visit, image: Repository, asked: tuple[str, str] | None) -> tuple[Commands, ...]:
    meta, words = image.metadata, visit.words
    read = [
        commands.rest(visit.origin, "GET", REPOSITORY, meta.namespace, f"/{meta.name}/manifests/{digest}")
        for digest in asked or ()
    ]
    history = commands.rest(visit.origin, "GET", REPOSITORY, meta.namespace, f"/{meta.name}/history")
    found = [Commands(words.gettext("See its sync history"), history)]
    if read:
        found.append(Commands(words.gettext("Read both manifests, their configs and layers"), "\n".join(read)))
    return tuple(found)
