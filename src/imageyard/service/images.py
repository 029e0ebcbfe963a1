"""What the server writes into a Repository when somebody creates or changes it. Pure; the rest is the engine's."""

from datetime import datetime

from msgspec.structs import replace

from imageyard.domain import objects, reasons
from imageyard.domain.kinds.repository import (
    READY,
    STALLED,
    SYNC_REQUEST,
    SYNCED,
    Repository,
    RepositorySpec,
    RepositoryStatus,
)
from imageyard.domain.objects import Condition
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Language


def created(image: Repository, now: datetime, language: Language = "zh") -> Repository:
    """A new image: due to be synced at once, unless it is suspended. The status of one that is says so already, as
    the engine would write it, which spares the engine a durable write for each."""
    if image.spec.suspend and SYNC_REQUEST not in image.metadata.annotations:
        return replace(image, status=_suspended(image.metadata.generation, now, language))
    return replace(image, status=RepositoryStatus(sync_status="", next_sync=_due(image.spec, now)))


def _suspended(generation: int, now: datetime, language: Language) -> RepositoryStatus:
    reason, words, since = (
        Reason.Suspended,
        reasons.explain(Reason.Suspended).text.speak(language),
        objects.seconds(now),
    )
    return RepositoryStatus(
        sync_status="",
        reason=reason,
        message=words,
        observed_generation=generation,
        conditions=[
            Condition(SYNCED, "Unknown", reason, words, generation, since),
            Condition(READY, "False", reason, words, generation, since),
            Condition(STALLED, "False", reason, words, generation, since),
        ],
    )


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
