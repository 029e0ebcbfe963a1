"""Which object or collection a path names: the parsed part of a REST path."""

from typing import Any, NamedTuple

from imageyard.domain.kind import Kind


class Target(NamedTuple):
    """`name` is "" for a collection, `digest` for all but manifests."""

    kind: Kind[Any]
    namespace: str
    name: str = ""
    digest: str = ""
