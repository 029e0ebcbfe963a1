"""Repository: an image that the platform relies on, `path:tag` in a registry source, kept in sync."""

from datetime import datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain.errors import Cause
from imageyard.domain.kind import Index, Kind
from imageyard.domain.objects import ANNOTATION, Condition, Object

SYNC_REQUEST = ANNOTATION + "manual-sync"
"""Any new value of this annotation asks for a sync; the engine echoes it in `status.lastHandledSyncRequest`."""

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
        due=status.next_sync,
        synced=status.last_synced,
        failing=status.sync_status == "Failed",
        fields={"spec.registryRef.name": spec.registry_ref.name, "status.syncStatus": status.sync_status},
    )


def validate(new: Repository, old: Repository | None) -> list[Cause]:
    """Every broken rule of the spec (behaviour: names, path, tag, durations, retryCount, platform)."""
    raise NotImplementedError


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
)
