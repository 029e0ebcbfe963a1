"""What the registry holds: per repository its blobs, manifests and tags, in memory and bounded."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from imageyard.domain.reference import Digest
from imageyard.sample import errors, images
from imageyard.sample.errors import Refused
from imageyard.sample.images import Image

DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
"""The three grammars of the OCI distribution-spec, "Pulling manifests"."""

LARGEST_MANIFEST: Final = 4 * 1024 * 1024
"""What the OCI distribution-spec asks registries to accept at least."""
CAPACITY: Final = 256 * 1024 * 1024
"""Bytes of all repositories together: a push cannot eat the machine."""


class Manifest(NamedTuple):
    digest: Digest
    media_type: str
    body: bytes

    @property
    def fields(self) -> dict[str, Any]:
        """The parsed document; only valid JSON objects are ever stored."""
        document: dict[str, Any] = json.loads(self.body)
        return document

    def points_at(self) -> list[Digest]:
        """Digests of the config, layers and manifests below it."""
        fields = self.fields
        descriptors = [fields.get("config"), *fields.get("layers", []), *fields.get("manifests", [])]
        return [Digest(each["digest"]) for each in descriptors if each]


@dataclass(eq=False)
class Repository:
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    manifests: dict[Digest, Manifest] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)


class Storage:
    """All repositories. Reading answers or raises Refused with the code the specification names."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._repositories: dict[str, Repository] = {}
        self._capacity = capacity
        self._held = 0

    def repository(self, name: str) -> Repository:
        try:
            return self._repositories[name]
        except KeyError:
            raise errors.unknown_name(name) from None

    def manifest(self, name: str, reference: str) -> Manifest:
        """By tag or digest."""
        repository = self.repository(name)
        digest = repository.tags.get(reference, reference)
        try:
            return repository.manifests[Digest(digest)]
        except KeyError:
            raise errors.unknown_manifest() from None

    def blob(self, name: str, digest: Digest) -> bytes:
        try:
            return self.repository(name).blobs[digest]
        except KeyError:
            raise errors.unknown_blob() from None

    def referrers(self, name: str, subject: str) -> Iterator[Manifest]:
        """Manifests whose `subject` is that digest; none for an unknown repository or digest."""
        repository = self._repositories.get(name, Repository())
        for manifest in repository.manifests.values():
            if manifest.fields.get("subject", {}).get("digest") == subject:
                yield manifest

    def put_blob(self, name: str, body: bytes) -> Digest:
        digest = images.digest_of(body)
        blobs = self._named(name).blobs
        if digest not in blobs:
            self._take(len(body))
            blobs[digest] = body
        return digest

    def put_manifest(self, name: str, media_type: str, body: bytes, tag: str = "") -> Digest:
        """Keep a manifest, and let `tag` point at it when one is given."""
        digest = images.digest_of(body)
        repository = self._named(name)
        if digest not in repository.manifests:
            self._take(len(body))
        repository.manifests[digest] = Manifest(digest, media_type, body)
        if tag:
            repository.tags[tag] = digest
        return digest

    def put(self, name: str, tag: str, image: Image) -> Digest:
        """Keep an image with everything below it, as a push would."""
        for child in image.children:
            self.put(name, "", child)
        for blob in image.blobs:
            self.put_blob(name, blob)
        return self.put_manifest(name, image.media_type, image.body, tag)

    def untag(self, name: str, tag: str) -> None:
        del self.repository(name).tags[tag]

    def collect(self, name: str) -> None:
        """Drop what no tag leads to any more, as a registry's garbage collection does."""
        repository = self.repository(name)
        reached = _reached(repository)
        for digest in repository.manifests.keys() - reached:
            self._held -= len(repository.manifests.pop(digest).body)
        for digest in repository.blobs.keys() - reached:
            self._held -= len(repository.blobs.pop(digest))

    def _named(self, name: str) -> Repository:
        return self._repositories.setdefault(name, Repository())

    def _take(self, size: int) -> None:
        if self._held + size > self._capacity:
            raise Refused(413, "SIZE_INVALID", "this sample registry is full")
        self._held += size


def _reached(repository: Repository) -> set[Digest]:
    reached: set[Digest] = set()
    open_ends = list(repository.tags.values())
    while open_ends:
        digest = open_ends.pop()
        if digest not in reached:
            reached.add(digest)
            manifest = repository.manifests.get(digest)
            open_ends += manifest.points_at() if manifest else []
    return reached
