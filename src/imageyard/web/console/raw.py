"""A manifest as it is: its text, its config's, what it lists, what it consists of; and both as files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from imageyard.domain.errors import BadRequest, Corrupt, NotFound, Unavailable
from imageyard.domain.kinds.repository import Repository
from imageyard.web.console import entries, sides
from imageyard.web.console.entries import Blob, Entry, Sort
from imageyard.web.console.visit import Visit

MOST_SHOWN: Final = 24_000
"""Characters of a document that a page shows; a longer one is for download."""
MOST_BLOBS: Final = 60
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Document:
    """JSON to be read; `text` is "" for what is too long for a page."""

    text: str
    lines: int
    download: str


@dataclass(frozen=True, slots=True)
class Raw:
    """`root` is what the tag named; `digest` what is shown, the same or an entry of it."""

    root: str
    digest: str
    problem: str = ""
    sort: Sort = "other"
    media_type: str = ""
    artifact_type: str = ""
    entries: tuple[Entry, ...] = ()
    """Of the root."""
    blobs: tuple[Blob, ...] = ()
    """Of what is no image; images have layers."""
    notes: tuple[tuple[str, str], ...] = ()
    manifest: Document | None = None
    config: Document | None = None


async def opened(visit: Visit, image: Repository, root: str, entry: str, files: str) -> Raw:
    """`files` is where the files are; `entry` an entry of the root to show in its place, or ""."""
    meta, read = image.metadata, visit.doors.manifests.read
    try:
        top = await read(visit.actor, meta.namespace, meta.name, root)
        shown = await read(visit.actor, meta.namespace, meta.name, entry, within=root) if entry else top
    except (NotFound, Unavailable, BadRequest, Corrupt) as failure:
        return Raw(root, entry or root, problem=sides.said(failure, visit))
    document, sort = shown["manifest"], entries.sort_of(shown["manifest"], shown["mediaType"])
    told = document.get("artifactType")
    asked = {"digest": entry, "within": root} if entry else {"digest": root}
    config = shown["config"]
    return Raw(
        root,
        entry or root,
        sort=sort,
        media_type=shown["mediaType"],
        artifact_type=told if isinstance(told, str) else "",
        entries=entries.entries(top["manifest"]),
        blobs=entries.blobs(document)[:MOST_BLOBS] if sort not in ("index", "image") else (),
        notes=entries.notes(document),
        manifest=_document(document, f"{files}/manifest.json", asked),
        config=_document(config, f"{files}/config.json", asked) if config is not None else None,
    )


def pretty(document: object) -> str:
    """JSON for people, in the order in which it was written."""
    return json.dumps(document, ensure_ascii=False, indent=2)


def file_name(image: str, digest: str, part: str) -> str:
    """A name that is safe in a header and on a disk, whatever the image and the digest are called."""
    told = "-".join((image, digest.partition(":")[2][:12], part))
    return _UNSAFE.sub("_", told).lstrip("._-")[:200] + ".json"


def _document(document: Mapping[str, Any], path: str, asked: Mapping[str, str]) -> Document:
    text = pretty(document)
    return Document(text if len(text) <= MOST_SHOWN else "", text.count("\n") + 1, f"{path}?{urlencode(asked)}")
