"""What every object has: Kubernetes metadata, and the envelope around spec and status.

Shapes follow the Kubernetes API conventions (ObjectMeta, metav1.Time in whole seconds, metav1.Condition).
Evolution rule: a new field always has a default, a field is never renamed or given another type.
"""

from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from msgspec import Struct

GROUP = "image.theriseunion.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
ANNOTATION = "theriseunion.io/"
"""Prefix of the product's own annotations."""
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""Index.due of an object that waits for the engine since its last change: before everything scheduled."""


class Key(NamedTuple):
    """Where an object lives: plural resource name, namespace ("" when cluster-scoped), name."""

    resource: str
    namespace: str
    name: str


class ObjectMeta(Struct, rename="camel", omit_defaults=True):
    """Kubernetes ObjectMeta, without managedFields (kept apart, spliced in for kube answers only)."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    """When it was deleted, while finalizers still hold it."""
    deletion_grace_period_seconds: int | None = None
    """0 while it is being deleted."""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: list[str] = []
    """Who has to finish something before the object goes; each takes its own entry out."""
    owner_references: list[dict[str, Any]] = []


class Condition(Struct, rename="camel", omit_defaults=True):
    """metav1.Condition: `reason` is set also when `status` is True."""

    type: str
    """What is judged."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: str
    """For programs: why."""
    message: str = ""
    """For people: why."""
    observed_generation: int = 0
    """The generation of the object that was judged."""
    last_transition_time: datetime | None = None
    """When the status last became another."""


class Object(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """The envelope. Each kind's type adds `spec` and `status` of its own types, or what else Kubernetes has there."""

    api_version: str = ""
    """Group and version of the object's shape."""
    kind: str = ""
    """What the object is."""
    metadata: ObjectMeta
    """Its name, its place, its versions, and what others hang on it."""


def seconds(moment: datetime) -> datetime:
    """Round down to whole seconds in UTC, as metav1.Time is written."""
    return moment.astimezone(UTC).replace(microsecond=0)


def rfc3339(moment: datetime) -> str:
    """Write as metav1.Time is written: `2024-01-08T10:30:00Z`."""
    return seconds(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
