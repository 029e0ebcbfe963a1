"""Documents of a content as files to keep: its manifest byte for byte, its config as it is held here."""

from collections.abc import Mapping
from typing import Any, Final

from imageyard.domain.errors import NotFound
from imageyard.web import hygiene
from imageyard.web.console import raw
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

_TYPE: Final = (b"content-type", b"application/json; charset=utf-8")


async def manifest(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """The very bytes of which the digest is a hash. Raises NotFound, Unavailable."""
    digest, within = visit.query.text("digest"), visit.query.text("within")
    found = await visit.doors.manifests.find(visit.actor, namespace, name, digest, within=within)
    return _file(found.body, raw.file_name(name, digest, "manifest"))


async def config(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """Without the values of environment variables, which are not kept. Raises NotFound, Unavailable."""
    digest, within = visit.query.text("digest"), visit.query.text("within")
    read: Mapping[str, Any] = await visit.doors.manifests.read(visit.actor, namespace, name, digest, within=within)
    if read["config"] is None:
        raise NotFound("config", digest)
    return _file(raw.pretty(read["config"]).encode("utf-8", "replace"), raw.file_name(name, digest, "config"))


def _file(body: bytes, name: str) -> Reply:
    kept = (b"content-disposition", f'attachment; filename="{name}"'.encode("ascii"))
    return Reply(200, (_TYPE, kept, *hygiene.DATA), body)
