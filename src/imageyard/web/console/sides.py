"""One content of an image, opened for somebody who looks: what the tag named, and inside it one platform."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from imageyard.domain import size
from imageyard.domain.errors import BadRequest, Corrupt, Failure, NotFound, Unavailable
from imageyard.domain.kinds.repository import Manifest, Repository
from imageyard.web.console import contents, entries, moments
from imageyard.web.console.contents import ConfigShown, LayerRow
from imageyard.web.console.entries import Entry, Sort
from imageyard.web.console.visit import Visit

_NONE: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class Side:
    """`problem` tells why it cannot be shown; all else is empty then."""

    digest: str
    """What the tag named."""
    problem: str = ""
    sort: Sort = "other"
    media_type: str = ""
    entries: tuple[Entry, ...] = ()
    platform: str = ""
    """The platform that was opened, "" for what is for none."""
    inner: str = ""
    """The digest of that platform's manifest, `digest` itself for what is no index."""
    bytes: int = 0
    size: str = ""
    created: datetime | None = None
    layers: tuple[LayerRow, ...] = ()
    config: ConfigShown | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """As its registry wrote it."""
    document: Mapping[str, Any] | None = None
    """Its config."""


async def opened(visit: Visit, image: Repository, digest: str, platform: str) -> Side:
    """`platform` is `os/arch[/variant]`; an index that has none of that name shows its first."""
    meta = image.metadata
    try:
        read = await visit.doors.manifests.read(visit.actor, meta.namespace, meta.name, digest)
        listed = entries.entries(read["manifest"])
        inner = entries.chosen(listed, platform)
        if inner:
            read = await visit.doors.manifests.read(visit.actor, meta.namespace, meta.name, inner, within=digest)
    except (NotFound, Unavailable, BadRequest, Corrupt) as failure:
        return Side(digest, problem=said(failure, visit))
    return _side(digest, listed, inner, read)


def platform_of(image: Repository) -> str:
    """The platform that the image's status shows."""
    shown: Manifest | None = image.status.manifest
    return contents.platform_name(shown) if shown is not None else ""


def said(failure: Failure, visit: Visit) -> str:
    return visit.sentence(failure.text)


def _side(digest: str, listed: tuple[Entry, ...], inner: str, read: Mapping[str, Any]) -> Side:
    document = read["config"] if isinstance(read["config"], Mapping) else None
    layers = contents.read_layers(read["layers"], document)
    described = read["manifest"].get("config")
    own = described.get("size") if isinstance(described, Mapping) else 0
    total = sum(layer.bytes for layer in layers) + (own if isinstance(own, int) else 0)
    platform = next((each.platform for each in listed if each.digest == inner), "")
    named = contents.named_platform(document) if document and not platform else platform
    return Side(
        digest,
        sort=entries.sort_of(read["manifest"], read["mediaType"]),
        media_type=read["mediaType"],
        entries=listed,
        platform=named,
        inner=inner or digest,
        bytes=total,
        size=size.human(total) if layers else "",
        created=moments.read(str((document or _NONE).get("created", ""))),
        layers=layers,
        config=contents.config(document),
        manifest=read["manifest"],
        document=document,
    )
