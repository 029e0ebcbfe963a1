"""What lists show of an image and of a registry source: plain values, decided here, laid out in the templates. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

from imageyard.domain import conditions, duration
from imageyard.domain.duration import InvalidDuration
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY, registry_secret, repository
from imageyard.domain.kinds.registry_secret import VERIFIED, HostStatus, RegistrySecret
from imageyard.domain.kinds.repository import SYNCED, Repository
from imageyard.domain.objects import ANNOTATION, Condition
from imageyard.domain.reasons import Reason
from imageyard.web.console import moments
from imageyard.web.console.may import May
from imageyard.web.console.visit import Said, Visit

State = Literal["synced", "failed", "pending", "syncing", "suspended"]
Verdict = Literal["success", "failed", "untested"]
STALE_AFTER: Final = 3
"""Intervals without a success after which what is known of an image is called stale."""
STATUS_OF: Final = {"synced": "Success", "failed": "Failed", "pending": "", "syncing": "Syncing"}
"""From a filter's word to what the store compares."""
UNREACHABLE: Final = frozenset({"DNSFailed", "ConnectionRefused", "Timeout", "TLSInvalid", "EgressDenied"})
_DISPLAY_NAME: Final = ANNOTATION + "display-name"
_DESCRIPTION: Final = ANNOTATION + "description"
SHOWN_PLATFORMS: Final = 3
"""Platforms named in a row; some images are there for ten."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    key: str
    """`repositories/namespace/name`, by which changes find the row."""
    href: str
    namespace: str
    name: str
    alias: str
    domain: str
    path: str
    tag: str
    source: str
    source_href: str
    state: State
    stale: bool
    queued: bool
    suspended: bool
    said: Said | None
    """Why it failed."""
    since: datetime | None
    """Since when it fails."""
    last_synced: datetime | None
    next_sync: datetime | None
    digest: str
    size: str
    platforms: tuple[str, ...]
    may_sync: bool
    may_change: bool
    may_delete: bool

    @property
    def unsettled(self) -> bool:
        """Whether something is about to become of it."""
        return self.queued or self.state in ("syncing", "pending")

    @property
    def may_be_picked(self) -> bool:
        """Whether there is anything that the reader may do to it together with others."""
        return self.may_sync or self.may_change or self.may_delete


@dataclass(frozen=True, slots=True)
class SourceRow:
    key: str
    href: str
    namespace: str
    name: str
    alias: str
    description: str
    domain: str
    username: str
    provider: str
    verdict: Verdict
    said: Said | None
    """Why the last verification ended as it did, None where it has nothing to say."""
    since: datetime | None
    """Since when it fails."""
    tested: datetime | None
    used_by: int
    images_href: str
    host: HostStatus | None
    silent: bool
    """Whether the last test found nobody there who would answer."""
    created: datetime | None
    may_verify: bool
    may_delete: bool

    @property
    def may_be_picked(self) -> bool:
        """Whether there is anything that the reader may do to it together with others."""
        return self.may_verify or self.may_delete


def image(found: Repository, visit: Visit) -> ImageRow:
    meta, spec, status = found.metadata, found.spec, found.status
    ref, may, manifest = spec.registry_ref, visit.may, status.manifest
    state = state_of(found)
    held = conditions.find(status.conditions, SYNCED)
    return ImageRow(
        key=f"{REPOSITORY.plural}/{meta.namespace}/{meta.name}",
        href=image_href(meta.namespace, meta.name),
        namespace=meta.namespace,
        name=meta.name,
        alias=meta.annotations.get(_DISPLAY_NAME, ""),
        domain=status.domain,
        path=spec.repository,
        tag=spec.tag,
        source=f"{ref.namespace}/{ref.name}",
        source_href="" if status.reason == Reason.RegistryNotFound else _source_link(may, ref.namespace, ref.name),
        state=state,
        stale=is_stale(found, visit.now),
        queued=state != "syncing" and repository.pending(found) and state != "suspended",
        suspended=spec.suspend,
        said=visit.said(status.reason, status.message) if state == "failed" else None,
        since=_since(held) if state == "failed" else None,
        last_synced=status.last_synced,
        next_sync=status.next_sync,
        digest=manifest.digest if manifest else "",
        size=manifest.size if manifest else "",
        platforms=_shortened(platform_names(found)),
        may_sync=may.sync(meta.namespace, meta.name),
        may_change=may.suspend(meta.namespace, meta.name),
        may_delete=may.delete(REPOSITORY, meta.namespace, meta.name),
    )


def source(found: RegistrySecret, visit: Visit) -> SourceRow:
    meta, spec, status = found.metadata, found.spec, found.status
    held, verdict = conditions.find(status.conditions, VERIFIED), verdict_of(found)
    return SourceRow(
        key=f"{REGISTRY_SECRET.plural}/{meta.namespace}/{meta.name}",
        href=source_href(meta.namespace, meta.name),
        namespace=meta.namespace,
        name=meta.name,
        alias=meta.annotations.get(_DISPLAY_NAME, ""),
        description=meta.annotations.get(_DESCRIPTION, ""),
        domain=spec.domain,
        username=spec.username,
        provider=spec.provider,
        verdict=verdict,
        said=visit.said(held.reason, held.message) if held and held.reason not in ("Verified", "Pending") else None,
        since=_since(held) if verdict == "failed" else None,
        tested=tested(found),
        used_by=status.used_by,
        images_href=images_of(f"{meta.namespace}/{meta.name}"),
        host=status.host,
        silent=verdict == "failed" and held is not None and held.reason in UNREACHABLE,
        created=meta.creation_timestamp,
        may_verify=visit.may.verify(meta.namespace, meta.name),
        may_delete=visit.may.delete(REGISTRY_SECRET, meta.namespace, meta.name),
    )


def _since(held: Condition | None) -> datetime | None:
    """Since when something does not hold; the reason may have changed meanwhile."""
    return held.last_transition_time if held is not None and held.status == "False" else None


def state_of(found: Repository) -> State:
    match found.status.sync_status:
        case "Success":
            return "synced"
        case "Failed":
            return "failed"
        case "Syncing":
            return "syncing"
        case _:
            return "suspended" if found.spec.suspend else "pending"


def is_stale(found: Repository, now: datetime) -> bool:
    """Whether the last success is older than some intervals; what is suspended is meant to be."""
    last = found.status.last_synced
    if last is None or found.spec.suspend:
        return False
    try:
        interval = duration.parse(found.spec.sync_interval)
    except InvalidDuration:
        interval = timedelta(hours=1)
    return now - last > STALE_AFTER * interval


def verdict_of(found: RegistrySecret) -> Verdict:
    match registry_secret.verify_status(found):
        case "success":
            return "success"
        case "failed":
            return "failed"
        case _:
            return "untested"


def tested(found: RegistrySecret) -> datetime | None:
    """When it was verified last."""
    stamp = found.metadata.annotations.get(registry_secret.VERIFY_TIMESTAMP, "")
    return moments.from_milliseconds(stamp)


def _shortened(names: list[str]) -> tuple[str, ...]:
    more = [f"+{len(names) - SHOWN_PLATFORMS}"] if len(names) > SHOWN_PLATFORMS else []
    return (*names[:SHOWN_PLATFORMS], *more)


def platform_names(found: Repository) -> list[str]:
    manifest = found.status.manifest
    if manifest is None:
        return []
    return ["/".join(filter(None, (each.os, each.architecture, each.variant))) for each in manifest.platforms]


def image_href(namespace: str, name: str) -> str:
    return f"/console/images/{quote(namespace, safe='')}/{quote(name, safe='')}"


def source_href(namespace: str, name: str) -> str:
    return f"/console/sources/{quote(namespace, safe='')}/{quote(name, safe='')}"


def images_of(source: str, status: str = "") -> str:
    """The images of a source (`namespace/name`), or those of them in one state."""
    more = f"&status={status}" if status else ""
    return f"/console/images?source={quote(source, safe='')}{more}"


def _source_link(may: May, namespace: str, name: str) -> str:
    return source_href(namespace, name) if may("get", REGISTRY_SECRET, namespace, name) else ""
