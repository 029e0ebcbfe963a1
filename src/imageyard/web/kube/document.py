"""A document that changes only with the program: its bytes are made once, and their hash is its ETag."""

from collections.abc import Mapping
from hashlib import sha512
from typing import Any, Final, NamedTuple

import msgspec

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
    body = msgspec.json.encode(content)
    return Document(media_type, body, sha512(body).hexdigest().upper())
