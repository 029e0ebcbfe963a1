"""Answers that are no objects, as they go over the wire. Evolution rule: a new field has a default, none is renamed."""

from typing import Any, Literal

from msgspec import Struct

from imageyard.domain.kinds.repository import Layer
from imageyard.domain.objects import API_VERSION


class Step(Struct):
    """One step of a verification."""

    name: str
    outcome: Literal["ok", "failed", "unproven", "skipped"]
    message: str
    milliseconds: int


class Verification(Struct):
    success: bool
    message: str
    reason: str
    steps: list[Step]


class Submission(Struct):
    """A sync was asked for."""

    success: bool
    message: str


class Deletion(Struct):
    """What became of one name."""

    name: str
    success: bool
    reason: str
    message: str


class Deletions(Struct):
    items: list[Deletion]


class NamespaceName(Struct):
    name: str


class NamespaceItem(Struct):
    metadata: NamespaceName


class NamespaceList(Struct, rename="camel", kw_only=True):
    api_version: str = API_VERSION
    kind: str = "NamespaceList"
    items: list[NamespaceItem]
    total_items: int


class SyncEntry(Struct, rename="camel", omit_defaults=True):
    """One finished sync that changed something or changed its outcome."""

    time: str
    trigger: str
    result: str
    reason: str
    message: str
    duration_ms: int
    digest_before: str
    digest_after: str


class VerifyEntry(Struct, rename="camel", omit_defaults=True):
    """One verification of the stored credential."""

    time: str
    trigger: str
    success: bool
    reason: str
    message: str
    duration_ms: int
    steps: list[Step]


class ManifestDocument(Struct, rename="camel", omit_defaults=True):
    """A digest's manifest as the registry holds it, and its config without the values of environment variables."""

    digest: str
    media_type: str
    manifest: dict[str, Any]
    config: dict[str, Any] | None
    """None where the digest is an index, or the config is not held."""
    layers: list[Layer]
