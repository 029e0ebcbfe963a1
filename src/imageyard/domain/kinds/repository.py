"""Repository: an image that the platform relies on, `path:tag` in a registry source, kept in sync."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain import age, columns, duration, metadata, names, reference
from imageyard.domain.columns import AGE, NAME, Column
from imageyard.domain.duration import InvalidDuration
from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.kind import ByKey, Index, Kind
from imageyard.domain.objects import ANNOTATION, AT_ONCE, Condition, Object
from imageyard.domain.reference import InvalidReference
from imageyard.domain.text import Text

SYNC_REQUEST = ANNOTATION + "manual-sync"
"""Any new value of this annotation asks for a sync; the engine echoes it in `status.lastHandledSyncRequest`."""

INTERVALS: Final = ("10s", "720h")
TIMEOUTS: Final = ("1s", "1h")
"""The least and the most of `spec.syncInterval` and `spec.syncTimeout`."""
MOST_RETRIES: Final = 10
SHOWN_HEX: Final = 12
"""Digits of a digest in a table, as container tools show them."""
SHOWN_PLATFORMS: Final = 2
"""Platforms named in a table; some images are there for ten."""

SYNCED: Final = "Synced"
READY: Final = "Ready"
STALLED: Final = "Stalled"
"""Types of the conditions in its status."""

SyncStatus = Literal["", "Syncing", "Success", "Failed"]


class RegistryRef(Struct, rename="camel", frozen=True):
    """Which RegistrySecret holds the credential. Both fields are required."""

    name: str
    namespace: str


class RepositorySpec(Struct, rename="camel", kw_only=True):
    """What a user asks for. The defaults below are stored and shown."""

    repository: str
    tag: str
    registry_ref: RegistryRef
    sync_interval: str = "1h"
    sync_timeout: str = "10m"
    retry_count: int = 3
    suspend: bool = False
    platform: str | UnsetType = UNSET
    """`os/arch[/variant]`: which platform fills `status.manifest`. Default linux/amd64, else the first real one."""


class Layer(Struct, rename="camel", omit_defaults=True):
    """One layer. `size` is a string of bytes, as the API reference has it."""

    digest: str
    size: str
    media_type: str = ""
    """What the layer is packed as."""
    instruction: str = ""
    """From the config's history, when it is known."""


class Platform(Struct, rename="camel", omit_defaults=True):
    """One platform of an index (or the only one of an image)."""

    os: str
    """Operating system."""
    architecture: str
    """Processor, such as amd64."""
    variant: str = ""
    """Variant of the processor, such as v7."""
    digest: str = ""
    """Digest of the platform's own manifest."""
    size_bytes: int | None = None
    """Size in bytes, where it is known."""


class Manifest(Struct, rename="camel", omit_defaults=True):
    """What the tag holds. Size = config + compressed layers of the chosen platform."""

    digest: str = ""
    """Digest the tag answers with (of the index, where it is one)."""
    media_type: str = ""
    """What the tag holds: an image, an index, or something else."""
    architecture: str = ""
    os: str = ""
    variant: str = ""
    """Variant of the processor."""
    size: str = ""
    """Decimal units, three significant digits, no space: `142MB`."""
    size_bytes: int = 0
    created: datetime | None = None
    layers: list[Layer] = []
    platforms: list[Platform] = []
    artifact_type: str = ""
    """For what is no image (a Helm chart, a signature …)."""


class RepositoryStatus(Struct, rename="camel", omit_defaults=True):
    """What the engine has seen."""

    sync_status: SyncStatus
    """Always shown, "" before the first sync."""
    domain: str = ""
    last_synced: datetime | None = None
    """The last success."""
    last_attempt: datetime | None = None
    next_sync: datetime | None = None
    reason: str = ""
    message: str = ""
    observed_generation: int = 0
    """The generation that the engine answered last."""
    failures: int = 0
    """Failed attempts in a row."""
    last_handled_sync_request: str = ""
    """The value of the manual-sync annotation that was answered last."""
    conditions: list[Condition] = []
    """`Synced`: whether the last sync succeeded; `Ready`: whether a manifest for this spec is held; `Stalled`: whether
    nothing but a change will help."""
    manifest: Manifest | None = None


class Repository(Object, kw_only=True):
    """An image in a registry, named by path and tag, whose metadata is kept in sync."""

    spec: RepositorySpec
    """The image, and how to keep it in sync."""
    status: RepositoryStatus = field(default_factory=lambda: RepositoryStatus(sync_status=""))
    """Written by the server."""


def pending(image: Repository) -> bool:
    """Whether the engine has yet to answer a creation, a change of spec, or a request."""
    request = image.metadata.annotations.get(SYNC_REQUEST, "")
    return image.status.observed_generation != image.metadata.generation or request not in (
        "",
        image.status.last_handled_sync_request,
    )


def index(image: Repository) -> Index:
    """What lists, search and the engine need of an image without decoding it."""
    status, spec = image.status, image.spec
    return Index(
        search=(
            image.metadata.name,
            image.metadata.annotations.get(ANNOTATION + "display-name", ""),
            f"{spec.repository}:{spec.tag}",
        ),
        status=status.sync_status,
        reference=f"{spec.registry_ref.namespace}/{spec.registry_ref.name}",
        due=AT_ONCE if pending(image) else status.next_sync,
        synced=status.last_synced,
        failing=status.sync_status == "Failed",
        fields={"spec.registryRef.name": spec.registry_ref.name, "status.syncStatus": status.sync_status},
    )


def validate(new: Repository, old: Repository | None) -> list[Cause]:
    """Every broken rule of the metadata and of the spec: path, tag, registryRef, durations, retryCount, platform.
    The same rules on create and on update."""
    spec = new.spec
    return [
        *metadata.check(new.metadata, namespaced=True),
        *_parsed("spec.repository", reference.parse_repository, spec.repository),
        *_parsed("spec.tag", reference.parse_tag, spec.tag),
        *names.name("spec.registryRef.name", spec.registry_ref.name),
        *names.namespace("spec.registryRef.namespace", spec.registry_ref.namespace),
        *_between("spec.syncInterval", spec.sync_interval, *INTERVALS),
        *_between("spec.syncTimeout", spec.sync_timeout, *TIMEOUTS),
        *_retries(spec.retry_count),
        *([] if spec.platform is UNSET else _parsed("spec.platform", reference.parse_platform, spec.platform)),
    ]


def _parsed(path: str, parse: Callable[[str], object], value: str) -> list[Cause]:
    try:
        parse(value)
    except InvalidReference as wrong:
        return [Cause(path, INVALID if value else REQUIRED, wrong.text)]
    return []


def _between(path: str, value: str, least: str, most: str) -> list[Cause]:
    try:
        elapsed = duration.parse(value)
    except InvalidDuration:
        text = Text("请写作 Go 风格的时长，例如 30m、1h30m、90s", "write a duration such as 30m, 1h30m or 90s")
        return [Cause(path, INVALID, text)]
    if duration.parse(least) <= elapsed <= duration.parse(most):
        return []
    return [Cause(path, INVALID, Text(f"须在 {least} 到 {most} 之间", f"must be between {least} and {most}"))]


def _retries(count: int) -> list[Cause]:
    if 0 <= count <= MOST_RETRIES:
        return []
    text = Text(f"须在 0 到 {MOST_RETRIES} 之间", f"must be between 0 and {MOST_RETRIES}")
    return [Cause("spec.retryCount", INVALID, text)]


def _digest(image: Repository, now: datetime) -> str | None:
    algorithm, _, value = _manifest(image).digest.partition(":")
    return f"{algorithm}:{value[:SHOWN_HEX]}" if value else None


def _platforms(image: Repository, now: datetime) -> str | None:
    named = [
        "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))
        for platform in _manifest(image).platforms
    ]
    more = [f"+{len(named) - SHOWN_PLATFORMS}"] if len(named) > SHOWN_PLATFORMS else []
    return ",".join(named[:SHOWN_PLATFORMS] + more) or None


def _manifest(image: Repository) -> Manifest:
    return image.status.manifest or Manifest()


COLUMNS: Final = (
    NAME,
    Column("Registry", "string", lambda image, now: image.status.domain or None, "Host or host:port of the registry."),
    Column("Image", "string", lambda image, now: image.spec.repository, "Path of the image in the registry."),
    Column("Tag", "string", lambda image, now: image.spec.tag, "Tag that is kept in sync."),
    Column(
        "Synced",
        "string",
        lambda image, now: columns.standing(image.status.conditions, SYNCED),
        "Whether the last sync succeeded: True, False, or Unknown while the first one runs.",
    ),
    Column(
        "Last-Sync", "date", lambda image, now: age.since(image.status.last_synced, now), "Age of the last success."
    ),
    AGE,
    Column("Digest", "string", _digest, "Beginning of the digest the tag answers with.", wide=True),
    Column("Size", "string", lambda image, now: _manifest(image).size or None, "Size of the image.", wide=True),
    Column("Platforms", "string", _platforms, "Platforms the image is there for.", wide=True),
    Column(
        "Next-Sync", "date", lambda image, now: age.until(image.status.next_sync, now), "Time to the next.", wide=True
    ),
    Column(
        "Reason", "string", lambda image, now: image.status.reason or None, "Why the last sync ended so.", wide=True
    ),
)

KIND: Kind[Any] = Kind(
    name="Repository",
    plural="repositories",
    singular="repository",
    type=Repository,
    index=index,
    validate=validate,
    short_names=("imgs",),
    subresources=("status", "sync"),
    topology={"status.conditions": ByKey("type")},
    search_parameter="name",
    sort_keys=("name", "createTime", "lastSynced", "status"),
    selectable=("spec.registryRef.name", "status.syncStatus"),
    columns=COLUMNS,
)
