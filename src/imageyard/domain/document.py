"""From a JSON document to a kind's type, telling every bad field rather than the first."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from imageyard.domain.errors import Cause
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Object


class Read(NamedTuple):
    """`object` is None when `causes` is not empty; `unknown` lists unknown fields' paths (pruned)."""

    object: Object | None
    causes: list[Cause]
    unknown: list[str]


def read(kind: Kind[Any], document: Mapping[str, Any]) -> Read:
    """Convert field by field. Unknown fields are reported in `unknown` and left out; a missing required field, a
    wrong type or a null each give one cause with its path. `status` and server-owned metadata (uid,
    creationTimestamp, generation, selfLink, managedFields, deletionTimestamp …) may be anything and are dropped;
    `metadata.resourceVersion` and `metadata.uid` strings are kept as preconditions."""
    raise NotImplementedError
