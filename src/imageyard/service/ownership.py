"""Who set which field of a stored object: from the writes of the doors to `managedFields`. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from imageyard.domain import managed_fields
from imageyard.domain.field_set import InvalidFieldSet
from imageyard.domain.kind import Kind
from imageyard.domain.managed_fields import Managers
from imageyard.store import KEEP, Keep, Stored

BEFORE: Final = "before-first-apply"
"""Whom Kubernetes has own what an object held before anybody applied to it."""
OURS: Final = "imageyard"
"""Who writes through a door that knows no managers, to an object that has some."""


def created(kind: Kind[Any], obj: Any, manager: str, secrets: Collection[str], now: datetime) -> bytes:
    """Of a new object; b"" where the door knows no managers."""
    if not manager:
        return b""
    return managed_fields.encode(
        managed_fields.updated(kind.stored, (), None, document(kind, obj), manager=manager, now=now, secrets=secrets)
    )


def changed(
    kind: Kind[Any],
    stored: Stored,
    obj: Any,
    manager: str,
    now: datetime,
    *,
    secrets: Collection[str] = (),
    subresource: str = "",
    given: object = None,
) -> bytes | Keep:
    """Of an object that was written over; KEEP where nothing moves. `given` are the managedFields that the caller wrote
    himself, as kubectl does when it goes over to server-side apply."""
    if not manager and not stored.managed:
        return KEEP
    held = managed_fields.decode(stored.managed) if stored.managed else ()
    base = held if given is None or not manager else _taken(given, held)
    after = managed_fields.updated(
        kind.stored,
        base,
        msgspec.json.decode(stored.body),
        document(kind, obj),
        manager=manager or OURS,
        now=now,
        secrets=secrets,
        subresource=subresource,
    )
    return KEEP if after == held else managed_fields.encode(after)


def _taken(given: object, held: Managers) -> Managers:
    """Kubernetes takes what can be read, `[{}]` for none at all, and leaves them as they are for anything else."""
    if given == [{}]:
        return ()
    try:
        return managed_fields.decode(msgspec.json.encode(given)) or held
    except (msgspec.MsgspecError, InvalidFieldSet, TypeError, ValueError):
        return held


def held(kind: Kind[Any], stored: Stored, now: datetime) -> Managers:
    """Of an object that somebody applies to."""
    if stored.managed:
        return managed_fields.decode(stored.managed)
    live = msgspec.json.decode(stored.body)
    return managed_fields.updated(kind, (), None, live, manager=BEFORE, now=now)


def document(kind: Kind[Any], obj: Any) -> dict[str, Any]:
    """The object as JSON values, as it is stored."""
    value: dict[str, Any] = msgspec.json.decode(kind.encode(obj))
    return value


def given(document: Mapping[str, Any]) -> object:
    """The managedFields in what a caller sent, None where there are none."""
    meta = document.get("metadata")
    return meta.get("managedFields") if isinstance(meta, Mapping) else None
