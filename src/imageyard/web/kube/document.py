"""A document that changes only with the program: its bytes are made once, and their hash is its ETag."""

from collections.abc import Mapping
from hashlib import sha512
from typing import Any, Final, NamedTuple

import msgspec

from imageyard.web import hygiene
from imageyard.web.reply import Headers, Reply

JSON: Final = "application/json"


class Document(NamedTuple):
    media_type: str
    body: bytes
    hash: str
    """Upper-case hex SHA-512, as Kubernetes writes the hashes of its documents."""

    @property
    def etag(self) -> str:
        return f'"{self.hash}"'


def of(content: Mapping[str, Any], media_type: str = JSON) -> Document:
    return of_bytes(msgspec.json.encode(content), media_type)


def of_bytes(body: bytes, media_type: str) -> Document:
    return Document(media_type, body, sha512(body).hexdigest().upper())


def answer(document: Document, query: bytes, if_none_match: str) -> Reply:
    """The document, or 304 for a client that holds it. Asked for by its hash it is good for ever: client-go keeps it
    on disk then and asks no more; otherwise it asks each time whether it is still the same."""
    by_hash = b"hash=" + document.hash.encode() in query.split(b"&")
    headers: Headers = (
        (b"cache-control", b"private, max-age=31536000, immutable" if by_hash else b"private, no-cache"),
        (b"etag", document.etag.encode()),
        (b"vary", b"Accept"),
        hygiene.ALONE,
    )
    if document.etag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
        return Reply(304, headers, b"")
    return Reply(200, ((b"content-type", document.media_type.encode()), *headers), document.body)
