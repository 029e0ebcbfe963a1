"""The registry's write side: blob uploads and manifests (OCI distribution-spec 1.1, "Push")."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from imageyard.domain.reference import Digest
from imageyard.sample import errors, images, reading, storage
from imageyard.sample.errors import Refused
from imageyard.sample.storage import Storage

LARGEST_BLOB: Final = 64 * 1024 * 1024
MOST_UPLOADS: Final = 64
"""Uploads open at once; the oldest is given up for a new one."""


@dataclass(eq=False)
class Uploads:
    """Blob uploads under way: session -> repository and the bytes so far."""

    _open: dict[str, tuple[str, bytearray]] = field(default_factory=dict)

    def begin(self, repository: str) -> str:
        while len(self._open) >= MOST_UPLOADS:
            del self._open[next(iter(self._open))]
        session = secrets.token_urlsafe(16)
        self._open[session] = (repository, bytearray())
        return session

    def find(self, repository: str, session: str) -> bytearray:
        owner, body = self._open.get(session, ("", bytearray()))
        if owner != repository:
            raise Refused(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to this repository")
        return body

    def end(self, session: str) -> None:
        self._open.pop(session, None)


async def begin(request: Request, held: Storage, uploads: Uploads) -> Response:
    """POST: mount from another repository, take the whole blob at once, or open a session."""
    repository = reading.name(request)
    query = request.query_params
    if query.get("mount") and query.get("from") and _mount(held, repository, query["mount"], query["from"]):
        return _created(repository, "blobs", Digest(query["mount"]))
    session = uploads.begin(repository)
    if "digest" not in query:
        return _accepted(repository, session, 0)
    await _receive(request, uploads.find(repository, session))
    return _finish(request, held, uploads, repository, session)


async def proceed(request: Request, held: Storage, uploads: Uploads) -> Response:
    """GET, PATCH, PUT and DELETE of a session."""
    repository, session = reading.name(request), request.path_params["session"]
    body = uploads.find(repository, session)
    match request.method:
        case "PATCH":
            await _receive(request, body)
            return _accepted(repository, session, len(body))
        case "PUT":
            await _receive(request, body)
            return _finish(request, held, uploads, repository, session)
        case "DELETE":
            uploads.end(session)
            return Response(status_code=204)
        case _:
            return _accepted(repository, session, len(body), status=204)


async def manifest(request: Request, held: Storage) -> Response:
    """PUT of a manifest, by tag or by digest, after everything it points at."""
    repository, reference = reading.name(request), request.path_params["reference"]
    body = bytearray()
    await _receive(request, body, limit=storage.LARGEST_MANIFEST)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    fields = _parse(bytes(body), media_type)
    tag = "" if storage.DIGEST.fullmatch(reference) else reference
    if tag and not storage.TAG.fullmatch(tag):
        raise Refused(400, "TAG_INVALID", "manifest tag did not match the tag grammar")
    if not tag and images.digest_of(bytes(body)) != reference:
        raise errors.invalid_digest("provided digest did not match uploaded content")
    _check_parts(held, repository, fields)
    digest = held.put_manifest(repository, media_type, bytes(body), tag)
    response = _created(repository, "manifests", digest)
    if "subject" in fields:
        response.headers["oci-subject"] = fields["subject"]["digest"]
    return response


def _parse(body: bytes, media_type: str) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        raise Refused(400, "MANIFEST_INVALID", "manifest is no JSON") from None
    if not isinstance(fields, dict) or fields.get("schemaVersion") != 2:
        raise Refused(400, "MANIFEST_INVALID", "manifest is not of schema version 2")
    if fields.get("mediaType", media_type) != media_type:
        raise Refused(400, "MANIFEST_INVALID", "mediaType and Content-Type differ")
    return fields


def _check_parts(held: Storage, repository: str, fields: dict[str, Any]) -> None:
    for descriptor in (fields.get("config"), *fields.get("layers", [])):
        if descriptor:
            _require(held.blob, repository, descriptor)
    for descriptor in fields.get("manifests", []):
        _require(held.manifest, repository, descriptor)


def _require(find: Any, repository: str, descriptor: Any) -> None:
    try:
        find(repository, descriptor["digest"])
    except Refused:
        raise Refused(404, "MANIFEST_BLOB_UNKNOWN", f"{descriptor['digest']} was not pushed before") from None
    except (KeyError, TypeError):
        raise Refused(400, "MANIFEST_INVALID", "a descriptor has no digest") from None


def _mount(held: Storage, repository: str, digest: str, origin: str) -> bool:
    try:
        held.put_blob(repository, held.blob(origin, Digest(digest)))
    except Refused:
        return False
    return True


async def _receive(request: Request, body: bytearray, limit: int = LARGEST_BLOB) -> None:
    """Append the request's body, in order and within the limit."""
    found = re.fullmatch(r"(\d+)-(\d+)", request.headers.get("content-range", ""), re.ASCII)
    if found and int(found[1]) != len(body):
        raise Refused(416, "BLOB_UPLOAD_INVALID", "chunks must come in order")
    async for chunk in request.stream():
        if len(body) + len(chunk) > limit:
            raise Refused(413, "SIZE_INVALID", f"larger than {limit} bytes")
        body += chunk


def _finish(request: Request, held: Storage, uploads: Uploads, repository: str, session: str) -> Response:
    body = bytes(uploads.find(repository, session))
    uploads.end(session)
    if images.digest_of(body) != request.query_params.get("digest"):
        raise errors.invalid_digest("provided digest did not match uploaded content")
    return _created(repository, "blobs", held.put_blob(repository, body))


def _created(repository: str, what: str, digest: Digest) -> Response:
    headers = {"location": f"/v2/{repository}/{what}/{digest}", "docker-content-digest": digest}
    return Response(status_code=201, headers=headers)


def _accepted(repository: str, session: str, size: int, status: int = 202) -> Response:
    headers = {
        "location": f"/v2/{repository}/blobs/uploads/{session}",
        "range": f"0-{max(size - 1, 0)}",
        "docker-upload-uuid": session,
    }
    return Response(status_code=status, headers=headers)
