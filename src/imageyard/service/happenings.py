"""What there is to tell of a write or an outcome, by comparing before and after. Pure.

Messages are made of our own sentences, field names, namespaces and digests. Names of users belong in the audit.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from msgspec.structs import fields

from imageyard.domain import reasons
from imageyard.domain.event_reasons import EventReason, explain
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY, registry_secret
from imageyard.domain.kinds.event import ObjectReference
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.kinds.repository import SYNC_REQUEST, Repository, RepositoryStatus
from imageyard.domain.objects import Object
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Probe
from imageyard.store import Stored

SHOWN: Final = 10
"""Fields or namespaces that one message names."""
SHOWN_DIGEST: Final = 19
"""Characters: the algorithm and twelve digits."""
_USERS: Final = ("labels", "annotations", "finalizers", "owner_references")


class Happening(NamedTuple):
    """Something that happened to an object."""

    about: ObjectReference
    reason: EventReason
    message: Text


def created(kind: Kind[Any], new: Stored) -> Iterator[Happening]:
    yield from _plain(kind, new, EventReason.Created)


def deleted(kind: Kind[Any], last: Stored) -> Iterator[Happening]:
    yield from _plain(kind, last, EventReason.Deleted)


def removed(kind: Kind[Any], last: Stored) -> Iterator[Happening]:
    """Of a delete, which does nothing but mark the object while finalizers hold it."""
    if _is_told(kind) and not kind.decode(last.body).metadata.finalizers:
        yield from deleted(kind, last)


def updated(kind: Kind[Any], before: Stored, new: Any) -> Iterator[Happening]:
    """What a user's write did."""
    if not _is_told(kind):
        return
    old = kind.decode(before.body)
    about = _reference(kind, new)
    changed = _changed(kind, old, new)
    if changed:
        yield _tell(about, EventReason.Updated, _listed(changed))
    found = _of_source(old, new, changed) if isinstance(new, RegistrySecret) else _of_image(old, new)
    for reason, names in found:
        yield _tell(about, reason, _listed(names))


def verify_requested(source: RegistrySecret) -> Iterator[Happening]:
    """Nothing for one that is not saved yet."""
    if source.metadata.uid:
        yield _tell(_reference(REGISTRY_SECRET, source), EventReason.VerifyRequested)


def sync_requested(image: Repository) -> Iterator[Happening]:
    yield _tell(_reference(REPOSITORY, image), EventReason.SyncRequested)


def verified(before: RegistrySecret, probe: Probe) -> Iterator[Happening]:
    """Each failure is told, of successes those that were none before."""
    about = _reference(REGISTRY_SECRET, before)
    if not probe.success:
        yield _tell(about, EventReason.VerifyFailed, reasons.explain(probe.reason).text)
    elif registry_secret.verify_status(before) != "success":
        why = reasons.explain(probe.reason).text if probe.reason is Reason.AnonymousOnly else None
        yield _tell(about, EventReason.Verified, why)


def synced(before: RepositoryStatus, after: Repository, reason: Reason) -> Iterator[Happening]:
    """Each failure is told, of successes those that changed something."""
    about, status = _reference(REPOSITORY, after), after.status
    if reason is not Reason.Synced:
        yield _tell(about, *_failure(reason))
        return
    old = before.manifest.digest if before.manifest else ""
    new = status.manifest.digest if status.manifest else ""
    if old and old != new:
        shown = f"{old[:SHOWN_DIGEST]} -> {new[:SHOWN_DIGEST]}"
        yield _tell(about, EventReason.DigestChanged, Text(shown, shown))
    elif old != new or before.failures:
        shown = new[:SHOWN_DIGEST]
        yield Happening(about, EventReason.Synced, _joined(reasons.explain(Reason.Synced).text, Text(shown, shown)))


def _failure(reason: Reason) -> tuple[EventReason, Text | None]:
    explained = reasons.explain(reason)
    if reason is Reason.RateLimited:
        return EventReason.RateLimited, None
    if reason is Reason.ReferenceNotPermitted:
        return EventReason.ReferenceNotPermitted, explained.next_step
    return EventReason.Stalled if explained.stalled else EventReason.SyncFailed, explained.text


def _of_source(
    old: RegistrySecret, new: RegistrySecret, changed: Sequence[str]
) -> Iterator[tuple[EventReason, Sequence[str]]]:
    if "spec.domain" in changed:
        yield EventReason.HostChanged, ()
    if not {"spec.username", "spec.password"}.isdisjoint(changed):
        yield EventReason.CredentialsRotated, ()
    before, after = set(old.spec.allowed_namespaces), set(new.spec.allowed_namespaces)
    if after - before:
        yield EventReason.GrantAdded, sorted(after - before)
    if before - after:
        yield EventReason.GrantRemoved, sorted(before - after)


def _of_image(old: Repository, new: Repository) -> Iterator[tuple[EventReason, Sequence[str]]]:
    asked = new.metadata.annotations.get(SYNC_REQUEST)
    if asked and asked != old.metadata.annotations.get(SYNC_REQUEST):
        yield EventReason.SyncRequested, ()
    if new.spec.suspend != old.spec.suspend:
        yield EventReason.Suspended if new.spec.suspend else EventReason.Resumed, ()


def _changed(kind: Kind[Any], old: Any, new: Any) -> list[str]:
    """The fields that a user changed, as they are written."""
    spec = [f"spec.{name.encode_name}" for name in fields(new.spec) if _differ(old.spec, new.spec, name.name)]
    if isinstance(new, RegistrySecret) and _has_other_password(old, new):
        spec.append("spec.password")
    before, after = _bare(kind, old), _bare(kind, new)
    return spec + [f"metadata.{name.encode_name}" for name in fields(after) if _differ(before, after, name.name)]


def _has_other_password(old: RegistrySecret, new: RegistrySecret) -> bool:
    """The times of two passwords set within a second are the same, but the generation moves for each."""
    moved = new.metadata.generation != old.metadata.generation
    return moved and (new.spec == old.spec or new.status.password_updated_time != old.status.password_updated_time)


def _bare(kind: Kind[Any], obj: Object) -> Any:
    """The part of the metadata that users own."""
    given, own = obj.metadata, {*kind.server_annotations, SYNC_REQUEST}
    annotations = {key: value for key, value in given.annotations.items() if key not in own}
    kept = {name: getattr(given, name) for name in _USERS} | {"annotations": annotations}
    return type(given)(**kept)


def _differ(old: object, new: object, name: str) -> bool:
    return bool(getattr(old, name) != getattr(new, name))


def _is_told(kind: Kind[Any]) -> bool:
    return kind is REGISTRY_SECRET or kind is REPOSITORY


def _plain(kind: Kind[Any], stored: Stored, reason: EventReason) -> Iterator[Happening]:
    if _is_told(kind):
        about = ObjectReference(kind.name, stored.key.namespace, stored.key.name, stored.uid, kind.api_version)
        yield _tell(about, reason)


def _reference(kind: Kind[Any], obj: Object) -> ObjectReference:
    meta = obj.metadata
    return ObjectReference(kind.name, meta.namespace, meta.name, meta.uid, kind.api_version)


def _tell(about: ObjectReference, reason: EventReason, more: Text | None = None) -> Happening:
    return Happening(about, reason, _joined(explain(reason).text, more))


def _joined(text: Text, more: Text | None) -> Text:
    if more is None or not more.en:
        return text
    return Text(f"{text.zh}：{more.zh}", f"{text.en}: {more.en}")


def _listed(names: Sequence[str]) -> Text:
    shown = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return Text(shown, shown)
