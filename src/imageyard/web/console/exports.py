"""A list of images as a file: CSV for spreadsheets, YAML to be applied again. Made piece by piece."""

import csv
import io
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from imageyard.domain import objects
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository
from imageyard.service import last_applied
from imageyard.store import Page, Query
from imageyard.web import hygiene
from imageyard.web.console import documents, drafts, rows
from imageyard.web.console.visit import Visit
from imageyard.web.console.words import Words
from imageyard.web.reply import Stream

MOST: Final = 10_000
"""Images in one file."""
FORMATS: Final = {"csv": "text/csv; charset=utf-8", "yaml": "application/yaml; charset=utf-8"}
_PIECE: Final = 250
_ACTIVE: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
_OURS: Final = frozenset({SYNC_REQUEST, last_applied.ANNOTATION})
"""Annotations that say nothing about the image, but what was asked of it and how."""
_BOM: Final = "\ufeff"
"""Tells Excel that it is UTF-8."""


async def stream(visit: Visit, query: Query, form: str, first: Page | None = None) -> Stream:
    """`first` is the whole list where it was read already. What can be refused is refused before the answer begins."""
    asked = replace(query, offset=None, limit=_PIECE)
    page = first or await visit.doors.objects.list(visit.actor, REPOSITORY, asked)
    named = f'attachment; filename="images.{form}"'.encode()
    headers = ((b"content-type", FORMATS[form].encode()), (b"content-disposition", named), *hygiene.DATA)
    return Stream(200, headers, _pieces(visit, asked, form, page))


async def _pieces(visit: Visit, query: Query, form: str, page: Page) -> AsyncGenerator[bytes, None]:
    if form == "csv":
        yield (_BOM + _csv([_titles(visit.words)])).encode()
    left = MOST
    while True:
        found = [REPOSITORY.decode(body) for body in page.bodies[:left]]
        left -= len(found)
        said = _csv([_line(each, visit.words) for each in found]) if form == "csv" else "".join(map(_yaml, found))
        yield said.encode(errors="replace")
        if not page.continuation or left <= 0:
            return
        page = await visit.doors.objects.list(visit.actor, REPOSITORY, replace(query, continuation=page.continuation))


def _titles(words: Words) -> Sequence[str]:
    say = words.gettext
    return (
        say("Name"), say("Alias"), say("Namespace"), say("Registry domain"), say("Path"), say("Tag [image]"),
        say("Registry source"), say("Status"), say("Reason"), say("Last synced"), say("Next sync"), say("Digest"),
        say("Size in bytes"), say("Platforms"),
    )  # fmt: skip


def _line(found: Repository, words: Words) -> Sequence[str]:
    meta, spec, status, manifest = found.metadata, found.spec, found.status, found.status.manifest
    return (
        meta.name,
        meta.annotations.get(drafts.ALIAS, ""),
        meta.namespace,
        status.domain,
        spec.repository,
        spec.tag,
        f"{spec.registry_ref.namespace}/{spec.registry_ref.name}",
        rows.state_of(found),
        status.reason,
        objects.rfc3339(status.last_synced) if status.last_synced else "",
        objects.rfc3339(status.next_sync) if status.next_sync else "",
        manifest.digest if manifest else "",
        str(manifest.size_bytes) if manifest else "",
        " ".join(rows.platform_names(found)),
    )


def _csv(lines: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([inert(field) for field in line] for line in lines)
    return out.getvalue()


def inert(field: str) -> str:
    """A field that no spreadsheet takes for a formula."""
    return f"'{field}" if field.startswith(_ACTIVE) else field


def _yaml(found: Repository) -> str:
    """The image as somebody would write it: without what the server owns."""
    document: Mapping[str, Any] = msgspec.json.decode(REPOSITORY.encode(found))
    meta = document["metadata"]
    own = {key: value for key, value in meta.get("annotations", {}).items() if key not in _OURS}
    given = {"name": meta["name"], "namespace": meta["namespace"], "labels": meta.get("labels"), "annotations": own}
    kept = {name: value for name, value in given.items() if value}
    wanted = {"apiVersion": REPOSITORY.api_version, "kind": REPOSITORY.name, "metadata": kept, "spec": document["spec"]}
    return f"---\n{documents.yaml_of(wanted)}"
