"""What the Kubernetes API serves, as one table. Discovery, OpenAPI and routing read it.

Kinds come from the kinds table; an answer-only resource (a review is created and answered, never stored) is one line.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from msgspec import Struct

from imageyard.domain.kind import Kind
from imageyard.domain.kinds import KINDS, VIEWS
from imageyard.domain.kinds.reviews import REVIEWS
from imageyard.domain.objects import GROUP

MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
STRATEGIC_PATCH: Final = "application/strategic-merge-patch+json"
PATCHES: Final = (APPLY_PATCH, JSON_PATCH, MERGE_PATCH)
"""What a custom resource takes in Kubernetes."""


class GroupVersion(NamedTuple):
    group: str
    version: str

    @property
    def name(self) -> str:
        """As `apiVersion` and discovery write it: `v1`, `rbac.authorization.k8s.io/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        return f"/apis/{self.name}" if self.group else f"/api/{self.version}"


class Subresource(NamedTuple):
    name: str
    verbs: tuple[str, ...]


class Resource(NamedTuple):
    at: GroupVersion
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    patches: tuple[str, ...] = ()
    """Content types that PATCH takes."""
    body: type[Struct] | None = None
    """What is sent and answered; of a review without one, OpenAPI says no more than that it has spec and status."""
    row: Kind[Any] | None = None
    """None for what is not stored."""


_READ_WRITE: Final = ("get", "patch", "update")


def stored(kind: Kind[Any], at: GroupVersion | None = None) -> Resource:
    """A kind as it is stored, in its own group and version or shown in another one too."""
    return Resource(
        at or GroupVersion(kind.group, kind.version),
        kind.plural,
        kind.singular,
        kind.name,
        kind.namespaced,
        kind.verbs,
        kind.short_names,
        kind.categories,
        tuple(Subresource(name, _READ_WRITE if name == "status" else ("create",)) for name in kind.subresources),
        # kubectl knows the built-in kinds and patches them strategically, whatever OpenAPI says.
        PATCHES if kind.group == GROUP else (*PATCHES, STRATEGIC_PATCH),
        kind.type,
        kind,
    )


def review(kind: Kind[Any]) -> Resource:
    """A question that is posted and answered with itself, its status filled in."""
    at = GroupVersion(kind.group, kind.version)
    return Resource(at, kind.plural, kind.singular, kind.name, kind.namespaced, kind.verbs)


RESOURCES: Final[tuple[Resource, ...]] = (
    *(stored(kind) for kind in (*KINDS, *VIEWS) if kind.served),
    *map(review, REVIEWS),
)
BY_PLURAL: Final = {(resource.at, resource.plural): resource for resource in RESOURCES}


def group_versions(resources: Sequence[Resource] = RESOURCES) -> list[GroupVersion]:
    """Each once, by name; the core group comes first."""
    return sorted({resource.at for resource in resources})


def within(at: GroupVersion, resources: Sequence[Resource] = RESOURCES) -> list[Resource]:
    """What one group and version serves, by plural."""
    return sorted((each for each in resources if each.at == at), key=lambda each: each.plural)
