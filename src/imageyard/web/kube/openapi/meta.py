"""The types of Kubernetes' meta/v1 that every group's document refers to, as far as this server fills or reads them.

Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/
"""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct, field

from imageyard.domain import objects


class FieldsV1(Struct):
    """A set of fields in a trie: keys are `f:NAME`, `k:KEYS`, `v:VALUE` or `i:INDEX`, values the fields below."""


class ManagedFieldsEntry(Struct, rename="camel", omit_defaults=True):
    """Which fields a manager set, by which way."""

    manager: str = ""
    """Who set the fields."""
    operation: Literal["Apply", "Update"] = "Update"
    """Whether they were applied, or written by an update."""
    api_version: str = ""
    """Group and version that the names of the fields belong to."""
    time: datetime | None = None
    """When the entry last changed."""
    fields_type: Literal["FieldsV1"] = "FieldsV1"
    """How fieldsV1 is written; there is one way."""
    fields_v1: FieldsV1 = field(default_factory=FieldsV1, name="fieldsV1")
    """The fields."""
    subresource: str = ""
    """The subresource they were written by, empty for the object itself."""


class OwnerReference(Struct, rename="camel", kw_only=True):
    """Another object that this one belongs to."""

    api_version: str
    """Group and version of the owner."""
    kind: str
    """Kind of the owner."""
    name: str
    """Name of the owner."""
    uid: str
    """UID of the owner."""
    controller: bool | None = None
    """Whether the owner is the controller that manages this object."""
    block_owner_deletion: bool | None = None
    """Whether a foreground deletion of the owner waits for this object."""


class ObjectMeta(objects.ObjectMeta, rename="camel", omit_defaults=True):
    """What every stored object has: its name, its place, its versions, and what others hang on it."""

    owner_references: list[OwnerReference] = field(default_factory=list)  # type: ignore[assignment]  # as typed as the API has it
    """The objects that this one belongs to."""
    managed_fields: list[ManagedFieldsEntry] = field(default_factory=list)
    """Which manager set which fields. Kept by the server for server-side apply."""


class ListMeta(Struct, rename="camel", omit_defaults=True):
    """What every list has beside its items."""

    resource_version: str = ""
    """Version of the whole collection when it was listed; a watch can begin there."""
    continue_: str = field(default="", name="continue")
    """Asks for the next page. Empty on the last one."""
    remaining_item_count: int | None = None
    """How many items follow this page, where it is known."""


class StatusCause(Struct, omit_defaults=True):
    """One thing that is wrong."""

    reason: str = ""
    """For programs: what kind of thing is wrong."""
    message: str = ""
    """For people: what is wrong and what would be right."""
    field: str = ""
    """Path of the field in the body."""


class StatusDetails(Struct, rename="camel", omit_defaults=True):
    """What a failure is about."""

    name: str = ""
    """Name of the object."""
    group: str = ""
    """Group of the resource."""
    kind: str = ""
    """The resource."""
    uid: str = ""
    """UID of the object."""
    causes: list[StatusCause] = []
    """Every single thing that is wrong."""
    retry_after_seconds: int = 0
    """How long to wait before trying again."""


class Status(Struct, rename="camel", omit_defaults=True):
    """The outcome of a request that answers no object."""

    api_version: str = ""
    """`v1`."""
    kind: str = ""
    """`Status`."""
    metadata: ListMeta = field(default_factory=ListMeta)
    """Empty."""
    status: Literal["Success", "Failure"] = "Success"
    """Whether it went well."""
    message: str = ""
    """For people: what happened."""
    reason: str = ""
    """For programs: why it failed."""
    details: StatusDetails | None = None
    """What it is about."""
    code: int = 0
    """The HTTP status."""


class Preconditions(Struct, rename="camel", omit_defaults=True):
    """What must hold for an object to be deleted; 409 otherwise."""

    uid: str = ""
    """The UID it must have."""
    resource_version: str = ""
    """The version it must have."""


class DeleteOptions(Struct, rename="camel", omit_defaults=True):
    """How to delete."""

    api_version: str = ""
    """`v1`."""
    kind: str = ""
    """`DeleteOptions`."""
    grace_period_seconds: int | None = None
    """Accepted and not used: nothing here takes time to stop."""
    preconditions: Preconditions | None = None
    """What must hold for the object to be deleted."""
    orphan_dependents: bool | None = None
    """Deprecated, see propagationPolicy."""
    propagation_policy: Literal["Orphan", "Background", "Foreground"] | None = None
    """What becomes of the objects that belong to this one."""
    dry_run: list[str] = []
    """`All` checks everything and deletes nothing."""


class Patch(Struct):
    """A patch, as its content type says."""


COMMON: tuple[type[Struct], ...] = (Status, DeleteOptions, Patch)
"""What operations refer to beside the kinds and their lists."""


class Review(Struct, rename="camel", kw_only=True):
    """A question about rights or identity: it is posted, and answered with its status filled in."""

    api_version: str = ""
    """Group and version of the question."""
    kind: str = ""
    """Which question it is."""
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    """Not used."""
    spec: dict[str, Any]
    """What is asked."""
    status: dict[str, Any] = {}
    """The answer, filled in by the server."""
