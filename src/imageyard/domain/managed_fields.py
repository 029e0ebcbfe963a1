"""Who set which field: `metadata.managedFields`, and server-side apply, which decides by it.

Documents are whole JSON objects as they are stored, secret fields left out. Each function looks at the part that its
`subresource` may write: `status` at the status, all others at the rest. What no manager ever owns (names, versions,
server-owned annotations, fields the kind does not have) is in no set. Secret values are in none either, only that
`.spec.password` was set, and by whom.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import reduce
from typing import Any, Final, Literal, NamedTuple, cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from imageyard.domain import field_set, metadata, objects, patch, shape, structured_merge
from imageyard.domain.apply_conflict import ApplyConflict, FieldConflict
from imageyard.domain.errors import INVALID, BadRequest, Cause, Invalid
from imageyard.domain.field_set import EMPTY, FieldSet
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text

Operation = Literal["Apply", "Update"]

MOST_UPDATERS: Final = 10
"""Entries of managers that update; the oldest beyond are merged into one, as in Kubernetes."""
ANCIENT: Final = "ancient-changes"
"""The manager of that one."""
MOST_APPLIERS: Final = 100
"""Entries of managers that apply. Those are never merged, and a caller may make up ever new names."""
MOST_FIELDS: Final = field_set.MOST
"""Path elements of all entries together that an apply may lead to: appliers share fields, so that a few of them could
make a large object's ownership many times the object."""


class Entry(Struct, frozen=True):
    """What one manager owns by one way of writing."""

    manager: str
    operation: Operation
    api_version: str
    time: datetime | None
    """When the manager last changed something by it."""
    fields: FieldSet
    subresource: str = ""


Managers = tuple[Entry, ...]


class Applied(NamedTuple):
    """What an apply leads to. `managers` are the given ones when it changes nothing."""

    object: dict[str, Any]
    """The whole document to admit; a secret of the configuration is in it."""
    managers: Managers


class _Wire(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """metav1.ManagedFieldsEntry."""

    manager: str
    operation: Operation
    api_version: str
    time: datetime | None = None
    fields_type: Literal["FieldsV1"]
    fields_v1: dict[str, Any]
    subresource: str = ""


def decode(stored: bytes) -> Managers:
    """Read the JSON list of entries. Raises msgspec.ValidationError or InvalidFieldSet when it is none."""
    return tuple(
        Entry(
            wire.manager,
            wire.operation,
            wire.api_version,
            wire.time,
            field_set.read(wire.fields_v1),
            wire.subresource,
        )
        for wire in msgspec.json.decode(stored, type=list[_Wire])
    )


def encode(managers: Managers) -> bytes:
    """Write as `metadata.managedFields` shows it."""
    return msgspec.json.encode([_wire(entry) for entry in managers])


def updated(
    kind: Kind[Any],
    managers: Managers,
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    *,
    manager: str,
    now: datetime,
    subresource: str = "",
    secrets: Collection[str] = (),
) -> Managers:
    """The managers after a create (`old` is None), an update or a patch made `new` of `old`: what it changed or added
    belongs to `manager` alone, what it removed to nobody. `secrets` names the secret fields that it set. A write that
    changes nothing gives back `managers`."""
    root = shape.of(kind, subresource)
    removed, changed = structured_merge.compare({} if old is None else old, new, root)
    # A secret is told by `secrets` alone: its value is not stored, so a comparison would say nothing of it.
    changed = changed - _secrets(kind, subresource, kind.secret_fields) | _secrets(kind, subresource, secrets)
    if not removed and not changed:
        return managers
    left = _without(managers, removed | changed)
    if not changed:
        return left
    own = Entry(manager, "Update", kind.api_version, objects.seconds(now), changed, subresource)
    others = [entry for entry in left if not _is_same_manager(entry, own)]
    held = reduce(FieldSet.__or__, (entry.fields for entry in left if _is_same_manager(entry, own)), changed)
    return _sorted(_capped([*others, replace(own, fields=held)]))


def apply(
    kind: Kind[Any],
    managers: Managers,
    live: Mapping[str, Any] | None,
    config: Mapping[str, Any],
    *,
    manager: str,
    force: bool,
    now: datetime,
    subresource: str = "",
    name: str = "",
) -> Applied:
    """Apply `config` to the object (`live` is None when there is none yet).

    Its fields are set; those that the manager applied before and that nobody else owns are removed when they are no
    longer in it. A secret in it is taken as another value than the stored one; one left out is given up and stays
    stored. Raises ApplyConflict when another manager owns what would change, unless `force`; Invalid for lists whose
    items cannot be told apart and for too many managers, BadRequest for what no object may hold."""
    root = shape.of(kind, subresource)
    given = _part(kind, config, subresource, name)
    misfits = structured_merge.misfits(given, root)
    if misfits:
        raise Invalid(misfits, kind=kind.singular, name=name)
    claimed = structured_merge.owned(given, root)
    own = Entry(manager, "Apply", kind.api_version, objects.seconds(now), claimed, subresource)
    previous = next((entry for entry in managers if _is_same_manager(entry, own)), None)
    others = [entry for entry in managers if entry is not previous]

    base = {} if live is None else live
    merged = structured_merge.merge(base, given, root)
    kept = reduce(FieldSet.__or__, (entry.fields for entry in others), claimed)
    gone = (previous.fields if previous else EMPTY) - kept
    result = structured_merge.prune(merged, gone, kept, root)

    removed, changed = structured_merge.compare(base, result, root)
    conflicts = [] if force else _conflicts(others, changed)
    if conflicts:
        raise ApplyConflict(conflicts, kind=kind.singular, name=name)
    if previous and not removed and not changed - _secrets(kind, subresource, kind.secret_fields):
        # As in Kubernetes, and a time that moved would tell whether a secret is the stored one.
        own = replace(own, time=previous.time)
    after = _sorted([*_without(others, removed | changed), *([own] if claimed else [])])
    _bounded(kind, after, name)
    return Applied(cast(dict[str, Any], result), managers if after == managers else after)


def _part(kind: Kind[Any], config: Mapping[str, Any], subresource: str, name: str) -> dict[str, Any]:
    """What of a configuration a write of `subresource` takes. Raises BadRequest, Invalid."""
    _refuse_unholdable(config)
    if subresource == "status":
        return {"status": config["status"]} if "status" in config else {}
    crowded = metadata.crowded(config.get("metadata"))
    if crowded:
        raise Invalid(crowded, kind=kind.singular, name=name)
    part = {key: value for key, value in config.items() if key != "status" and (key, value) != ("metadata", None)}
    meta = part.get("metadata")
    if not isinstance(meta, Mapping):
        return part
    if meta.get("managedFields"):
        raise BadRequest(Text("metadata.managedFields 须为空", "metadata.managedFields must be nil"))
    # A null field of metadata is an absent one, as at every other way in.
    return {**part, "metadata": {key: value for key, value in meta.items() if value is not None}}


def _refuse_unholdable(config: Mapping[str, Any]) -> None:
    if patch.is_deeper(config, patch.DEEPEST):
        levels = patch.DEEPEST
        raise BadRequest(Text(f"应用的配置嵌套超过 {levels} 层", f"the applied configuration has over {levels} levels"))
    try:
        msgspec.json.encode(config)
    except ValueError:  # half a surrogate pair, a number of thousands of digits
        text = Text(
            "应用的配置含有无法保存的文字或数字", "the applied configuration has text or numbers that cannot be kept"
        )
        raise BadRequest(text) from None


def _conflicts(others: Iterable[Entry], changed: FieldSet) -> list[FieldConflict]:
    return [
        FieldConflict(entry.manager, entry.operation, entry.api_version, entry.subresource, entry.time, path)
        for entry in sorted(others, key=_identity)
        for path in (entry.fields & changed).paths()
    ]


def _bounded(kind: Kind[Any], managers: Managers, name: str) -> None:
    appliers = sum(entry.operation == "Apply" for entry in managers)
    if appliers > MOST_APPLIERS:
        text = Text(
            f"最多 {MOST_APPLIERS} 个字段管理者可应用同一对象", f"at most {MOST_APPLIERS} managers may apply one object"
        )
        raise Invalid([Cause("fieldManager", INVALID, text)], kind=kind.singular, name=name)
    if sum(entry.fields.size() for entry in managers) > MOST_FIELDS:
        text = Text(
            f"所有管理者的字段合计最多 {MOST_FIELDS:,} 个", f"has at most {MOST_FIELDS:,} fields of all managers"
        )
        raise Invalid([Cause("metadata.managedFields", INVALID, text)], kind=kind.singular, name=name)


def _secrets(kind: Kind[Any], subresource: str, names: Collection[str]) -> FieldSet:
    if subresource == "status":
        return EMPTY
    return reduce(FieldSet.__or__, (field_set.of_path("spec", name) for name in names), EMPTY)


def _without(managers: Iterable[Entry], fields: FieldSet) -> Managers:
    """Take fields from managers; one that is left with none is no more."""
    if not fields:
        return tuple(managers)
    left = (replace(entry, fields=entry.fields - fields) for entry in managers)
    return tuple(entry for entry in left if entry.fields)


def _capped(managers: list[Entry]) -> list[Entry]:
    updaters = sorted((entry for entry in managers if entry.operation == "Update"), key=_age)
    surplus = len(updaters) - MOST_UPDATERS
    if surplus <= 0:
        return managers
    # One more than the surplus, since the merged entry takes a place; an ancient one always, so that there is one.
    merged = updaters[: surplus + 1]
    merged += [entry for entry in updaters[surplus + 1 :] if entry.manager == ANCIENT and not entry.subresource]
    fields = reduce(FieldSet.__or__, (entry.fields for entry in merged), EMPTY)
    ancient = Entry(ANCIENT, "Update", merged[-1].api_version, merged[-1].time, fields)
    return [*(entry for entry in managers if entry not in merged), ancient]


def _sorted(managers: Iterable[Entry]) -> Managers:
    return tuple(sorted(managers, key=lambda entry: (entry.operation, *_age(entry))))


def _age(entry: Entry) -> tuple[float, tuple[str, str, str, str]]:
    return (entry.time.timestamp() if entry.time else 0.0, _identity(entry))


def _identity(entry: Entry) -> tuple[str, str, str, str]:
    return (entry.manager, entry.operation, entry.api_version, entry.subresource)


def _is_same_manager(one: Entry, other: Entry) -> bool:
    """An applier is the same at every version of the API."""
    versions = one.operation == "Apply" or one.api_version == other.api_version
    return (one.manager, one.operation, one.subresource) == (
        other.manager,
        other.operation,
        other.subresource,
    ) and versions


def _wire(entry: Entry) -> _Wire:
    return _Wire(
        manager=entry.manager,
        operation=entry.operation,
        api_version=entry.api_version,
        time=entry.time,
        fields_type="FieldsV1",
        fields_v1=entry.fields.write(),
        subresource=entry.subresource,
    )
