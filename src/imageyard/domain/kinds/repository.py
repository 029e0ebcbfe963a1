"""Repository: an image that the platform relies on, `path:tag` in a registry source, kept in sync."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain import duration, metadata, names, reference
from imageyard.domain.duration import InvalidDuration
from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import ANNOTATION, AT_ONCE, Condition, Object
from imageyard.domain.reference import InvalidReference
from imageyard.domain.text import Text

SYNC_REQUEST = ANNOTATION + "manual-sync"
"""Any new value of this annotation asks for a sync; the engine echoes it in `status.lastHandledSyncRequest`."""

INTERVALS: Final = ("10s", "720h")
TIMEOUTS: Final = ("1s", "1h")
"""The least and the most of `spec.syncInterval` and `spec.syncTimeout`."""
MOST_RETRIES: Final = 10

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
    instruction: str = ""
    """From the config's history, when it is known."""


class Platform(Struct, rename="camel", omit_defaults=True):
    """One platform of an index (or the only one of an image)."""

    os: str
    architecture: str
    variant: str = ""
    digest: str = ""
    size_bytes: int | None = None


class Manifest(Struct, rename="camel", omit_defaults=True):
    """What the tag holds. Size = config + compressed layers of the chosen platform."""

    digest: str = ""
    """Digest the tag answers with (of the index, where it is one)."""
    media_type: str = ""
    architecture: str = ""
    os: str = ""
    variant: str = ""
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
    failures: int = 0
    """Failed attempts in a row."""
    last_handled_sync_request: str = ""
    conditions: list[Condition] = []
    manifest: Manifest | None = None


class Repository(Object, kw_only=True):
    spec: RepositorySpec
    status: RepositoryStatus = field(default_factory=lambda: RepositoryStatus(sync_status=""))


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


KIND: Kind[Any] = Kind(
    name="Repository",
    plural="repositories",
    singular="repository",
    type=Repository,
    index=index,
    validate=validate,
    short_names=("imgs",),
    subresources=("status", "sync"),
    search_parameter="name",
    sort_keys=("name", "createTime", "lastSynced", "status"),
    selectable=("spec.registryRef.name", "status.syncStatus"),
)
