"""The registry's read side: manifests, blobs, tags, referrers (OCI distribution-spec 1.1)."""

import json
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from imageyard.domain.reference import Digest
from imageyard.sample import errors, images, storage
from imageyard.sample.errors import Refused
from imageyard.sample.storage import Manifest, Storage

LARGEST_PAGE: Final = 1000


def name(request: Request) -> str:
    """The repository the path names."""
    repository: str = request.path_params["name"]
    if not storage.REPOSITORY.fullmatch(repository):
        raise Refused(400, "NAME_INVALID", "invalid repository name")
    return repository


def digest(request: Request) -> Digest:
    """The digest the path names."""
    text: str = request.path_params["digest"]
    if not storage.DIGEST.fullmatch(text):
        raise errors.invalid_digest("only sha256 digests are served")
    return Digest(text)


def manifest(request: Request, held: Storage) -> Response:
    """GET and HEAD of a manifest by tag or digest."""
    found = held.manifest(name(request), request.path_params["reference"])
    if not acceptable(found.media_type, request.headers.getlist("accept")):
        raise errors.unknown_manifest(f"{found.media_type} found, but the accept header does not support it")
    headers = {"docker-content-digest": found.digest, "etag": f'"{found.digest}"'}
    if request.headers.get("if-none-match", "").strip('"') == found.digest:
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


def acceptable(media_type: str, accept: list[str]) -> bool:
    """Whether the Accept headers take a media type; none at all take everything."""
    ranges = [part.partition(";")[0].strip() for line in accept for part in line.split(",")]
    wildcards = ("*/*", media_type.partition("/")[0] + "/*")
    return not ranges or media_type in ranges or any(each in ranges for each in wildcards)


def blob(request: Request, held: Storage) -> Response:
    """GET and HEAD of a blob."""
    wanted = digest(request)
    body = held.blob(name(request), wanted)
    return Response(body, media_type="application/octet-stream", headers={"docker-content-digest": wanted})


def tags(request: Request, held: Storage) -> Response:
    """A page of tags in lexical order, with `Link` when there are more."""
    repository = name(request)
    every = sorted(held.repository(repository).tags)
    limit = _limit(request)
    last = request.query_params.get("last", "")
    rest = [tag for tag in every if tag > last]
    page = rest[:limit]
    response = JSONResponse({"name": repository, "tags": page})
    if page and len(rest) > len(page):
        query = f"n={limit}&last={quote(page[-1])}"
        response.headers["link"] = f'</v2/{repository}/tags/list?{query}>; rel="next"'
    return response


def _limit(request: Request) -> int:
    text = request.query_params.get("n", str(LARGEST_PAGE))
    if not text.isascii() or not text.isdigit():
        raise Refused(400, "PAGINATION_NUMBER_INVALID", "n is no number")
    return min(int(text), LARGEST_PAGE)


def referrers(request: Request, held: Storage) -> Response:
    """An index of the manifests that refer to a digest, filtered by artifactType when asked."""
    wanted = request.query_params.get("artifactType", "")
    entries = [_referrer(each) for each in held.referrers(name(request), digest(request))]
    if wanted:
        entries = [each for each in entries if each["artifactType"] == wanted]
    body = {"schemaVersion": 2, "mediaType": images.OCI_INDEX, "manifests": entries}
    headers = {"oci-filters-applied": "artifactType"} if wanted else {}
    return Response(json.dumps(body), media_type=images.OCI_INDEX, headers=headers)


def _referrer(manifest: Manifest) -> dict[str, object]:
    fields = manifest.fields
    kind = fields.get("artifactType") or fields.get("config", {}).get("mediaType", "")
    entry = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.body)}
    return {**entry, "artifactType": kind, "annotations": fields.get("annotations", {})}
