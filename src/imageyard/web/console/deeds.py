"""Records of the audit trail as people read them: who did what to what, and how it ended. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET

from imageyard.domain import audit
from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import CREDENTIAL, DOOR, DRY_RUN, LEFT_OUT, LOST, RESULT, Event, ObjectRef

_PAGES: Final = {"repositories": "/console/images", "registrysecrets": "/console/sources"}
_SPECIAL: Final = {
    ("create", "repositories", "sync"): "sync",
    ("create", "registrysecrets", "verify"): "verify",
    ("create", "keys", "rotate"): "rotate",
    ("create", "keys", "prune"): "prune",
    ("create", "supportbundles", ""): "bundle",
}
_PLAIN: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_READING: Final = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, slots=True)
class Deed:
    """`word` is what was done: sync, verify, rotate, prune, bundle, sign-in, sign-out, end, create, update, patch,
    delete, deletecollection, read; `left-out` and `lost` of what has no record of its own; "" for what only its verb
    tells."""

    word: str
    verb: str
    user: str
    known: bool
    resource: str
    what: str
    """`namespace/name`, or a name."""
    href: str
    outcome: str
    """success, denied or failure; "" while there is none."""
    code: int
    reason: str
    result: str
    rehearsal: bool
    when: datetime
    address: str
    door: str
    count: str
    """Of records that are not there one by one."""
    request_id: str
    details: str
    """The record itself, as JSON."""


def read(line: bytes) -> Deed:
    """Raises msgspec.DecodeError for what is no record."""
    event = msgspec.json.decode(line, type=Event)
    ref, status = event.object_ref, event.response_status
    code = 0 if status is UNSET else status.code
    return Deed(
        _word(event, ref or None),
        event.verb,
        event.user.username,
        event.user.username != ANONYMOUS,
        ref.resource if ref else "",
        "/".join(filter(None, (ref.namespace, ref.name))) if ref else "",
        _href(event, ref) if ref else "",
        "" if status is UNSET else audit.outcome(code),
        code,
        "" if status is UNSET else status.reason or "",
        event.annotations.get(RESULT, ""),
        DRY_RUN in event.annotations,
        event.stage_timestamp,
        ", ".join(event.source_ips),
        event.annotations.get(DOOR, ""),
        event.annotations.get(LEFT_OUT) or event.annotations.get(LOST, ""),
        event.audit_id,
        msgspec.json.format(line, indent=2).decode(),
    )


def _word(event: Event, ref: ObjectRef | None) -> str:
    if LEFT_OUT in event.annotations:
        return "left-out"
    if LOST in event.annotations:
        return "lost"
    if ref is not None and ref.resource == "accesstokens" and _is_session(event, ref):
        return "sign-in" if event.verb == "create" else "sign-out" if _is_own(event, ref) else "end"
    special = _SPECIAL.get((event.verb, ref.resource, ref.subresource)) if ref else None
    if special or event.verb in _PLAIN:
        return special or event.verb
    return "read" if event.verb in _READING else ""


def _is_session(event: Event, ref: ObjectRef) -> bool:
    return ref.name.startswith("session-") or event.request_uri in ("/console/sign-in", "/console/sign-out")


def _is_own(event: Event, ref: ObjectRef) -> bool:
    return event.request_uri == "/console/sign-out" or event.user.extra.get(CREDENTIAL) == [f"session/{ref.name}"]


def _href(event: Event, ref: ObjectRef) -> str:
    """Where the object is shown, if it may still be there."""
    page = _PAGES.get(ref.resource)
    if page is None or not (ref.namespace and ref.name) or event.verb == "delete":
        return ""
    return f"{page}/{quote(ref.namespace, safe='')}/{quote(ref.name, safe='')}"
