"""What the server writes into a Repository when somebody creates or changes it. Pure; the rest is the engine's."""

from datetime import datetime

from msgspec.structs import replace

from imageyard.domain import objects
from imageyard.domain.kinds.repository import Repository, RepositorySpec, RepositoryStatus


def created(image: Repository, now: datetime) -> Repository:
    """A new image: due to be synced at once, unless it is suspended."""
    return replace(image, status=RepositoryStatus(sync_status="", next_sync=_due(image.spec, now)))


def changed(image: Repository, old: Repository, now: datetime) -> Repository:
    """An image whose spec changed. When it is another image now, the old manifest says nothing about it."""
    status = image.status
    if _identity(image.spec) != _identity(old.spec):
        status = replace(status, manifest=None, next_sync=_due(image.spec, now))
    elif image.spec.suspend:
        status = replace(status, next_sync=None)
    return replace(image, status=status)


def _due(spec: RepositorySpec, now: datetime) -> datetime | None:
    return None if spec.suspend else objects.seconds(now)


def _identity(spec: RepositorySpec) -> tuple[object, ...]:
    """What decides which manifest there is."""
    return spec.repository, spec.tag, spec.registry_ref, spec.platform
