"""What a kube path names."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS, VIEWS
from imageyard.domain.kinds.reviews import REVIEWS

SERVED: Final = {(kind.group, kind.version, kind.plural): kind for kind in (*KINDS, *VIEWS, *REVIEWS) if kind.served}


class Target(NamedTuple):
    """`namespace` None means all, or a kind that has none; `name` "" the collection."""

    kind: Kind[Any]
    namespace: str | None
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


@lru_cache(maxsize=1024)
def match(path: str) -> Target | None:
    """`/api/v1/…` or `/apis/GROUP/VERSION/…`; None when nothing is served there."""
    _, root, *parts = path.split("/", 9)
    if root == "api" and parts[:1] == ["v1"]:
        return _below("", "v1", parts[1:])
    if root == "apis" and len(parts) >= 2:
        return _below(parts[0], parts[1], parts[2:])
    return None


def _below(group: str, version: str, parts: list[str]) -> Target | None:
    if not parts or not all(parts):
        return None
    if parts[0] == "namespaces" and len(parts) >= 3:
        inside = SERVED.get((group, version, parts[2]))
        if inside is not None and inside.namespaced:
            return _named(inside, parts[1], parts[3:])
    kind = SERVED.get((group, version, parts[0]))
    if kind is None or (kind.namespaced and len(parts) > 1):
        return None
    return _named(kind, None, parts[1:])


def _named(kind: Kind[Any], namespace: str | None, rest: list[str]) -> Target | None:
    if len(rest) > 2 or (rest and kind in REVIEWS):
        return None
    name, subresource = (*rest, "", "")[:2]
    if subresource and subresource not in kind.subresources:
        return None
    return Target(kind, namespace, name, subresource)
