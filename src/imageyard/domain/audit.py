"""One record of the audit trail: its shape, what deserves one, how it ended, and what a reader may ask for. Pure.

The shape is Kubernetes' own, so what reads its audit log reads this one.
Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ (Event, level Metadata).
Evolution rule: a new field has a default, none is renamed.
"""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from msgspec import UNSET, Struct, UnsetType, field

from imageyard.domain.objects import ANNOTATION

Stage = Literal["RequestReceived", "ResponseComplete"]
Outcome = Literal["success", "denied", "failure"]
STAGES: Final[tuple[Stage, ...]] = ("RequestReceived", "ResponseComplete")
OUTCOMES: Final[tuple[Outcome, ...]] = ("success", "denied", "failure")

DENIED: Final = frozenset({401, 403, 421, 429})
"""Codes that mean: we did not let you."""
NO_ANSWER: Final = 0
"""The code of a request that ended without an answer: its client left, or the server stopped."""
CREDENTIAL: Final = "authentication.kubernetes.io/credential-id"
"""The key of `user.extra` that tells by which credential the user is known."""
DECISION: Final = "authorization.k8s.io/decision"
DOOR: Final = f"{ANNOTATION}door"
DRY_RUN: Final = f"{ANNOTATION}dry-run"
RESULT: Final = f"{ANNOTATION}result"
"""What a verification or a test fetch found: one of our reasons."""
PART_OF: Final = f"{ANNOTATION}part-of"
"""On the record of one object that a request for many was about: the verb of that request."""
LEFT_OUT: Final = f"{ANNOTATION}left-out"
"""How many requests alike were not recorded one by one."""
LOST: Final = f"{ANNOTATION}lost"
"""How many records before this one could not be written."""


class User(Struct, omit_defaults=True):
    username: str
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class ObjectRef(Struct, rename="camel", omit_defaults=True, frozen=True):
    """What a request is about; a `name` "" is a collection."""

    resource: str
    namespace: str = ""
    name: str = ""
    api_group: str = ""
    api_version: str = ""
    subresource: str = ""


class ResponseStatus(Struct, kw_only=True):
    """metav1.Status without its sentence, which may repeat what was sent."""

    metadata: dict[str, str] = {}
    status: Literal["Success", "Failure"]
    reason: str | UnsetType = UNSET
    code: int


class Event(Struct, rename="camel", kw_only=True):
    """audit.k8s.io/v1 Event. `stageTimestamp - requestReceivedTimestamp` is how long the answer took."""

    kind: Literal["Event"] = "Event"
    api_version: Literal["audit.k8s.io/v1"] = "audit.k8s.io/v1"
    level: Literal["Metadata"] = "Metadata"
    audit_id: str = field(name="auditID")
    """The request's X-Request-Id."""
    stage: Stage
    request_uri: str = field(name="requestURI")
    """The path without its query, and without what is no name in a place of one."""
    verb: str
    user: User
    source_ips: list[str] = field(name="sourceIPs")
    user_agent: str | UnsetType = UNSET
    object_ref: ObjectRef | UnsetType = UNSET
    response_status: ResponseStatus | UnsetType = UNSET
    request_received_timestamp: datetime
    stage_timestamp: datetime
    annotations: dict[str, str] = {}


class Part(NamedTuple):
    """What was done to one object of a request for many, and what became of it; `code` as if it had been asked for
    alone."""

    namespace: str
    name: str
    code: int
    reason: str = ""
    verb: str = "delete"
    subresource: str = ""


def is_recorded(*, safe: bool, question: bool, known: bool, code: int) -> bool:
    """Whether the answer to a request is put on record.

    | request                                | recorded                   |
    |----------------------------------------|----------------------------|
    | it may change something (not `safe`)   | always, however it ended   |
    | a review: a `question` sent by POST    | when it was denied         |
    | a read                                 | when it was denied         |

    To somebody `known`, 429 means that he asks too often, which denies a read to nobody."""
    if not (safe or question):
        return True
    return code in DENIED and not (known and code == 429)


def outcome(code: int) -> Outcome:
    """What a code means to who reads the trail."""
    if code in DENIED:
        return "denied"
    return "success" if 100 <= code < 400 else "failure"


def status(code: int, reason: str) -> ResponseStatus:
    """How a request ended. A success has no reason."""
    if outcome(code) == "success":
        return ResponseStatus(status="Success", code=code)
    return ResponseStatus(status="Failure", reason=reason or UNSET, code=code)


class Filter(NamedTuple):
    """What a reader asks for; "" and None ask for nothing in particular. `resource` `repositories` is also
    `repositories/sync`; an outcome asked for leaves out records of requests that have none yet."""

    user: str = ""
    verb: str = ""
    resource: str = ""
    namespace: str = ""
    outcome: str = ""
    stage: str = ""
    since: datetime | None = None

    def matches(self, event: Event) -> bool:
        ref = event.object_ref
        return (
            self.user in ("", event.user.username)
            and self.verb in ("", event.verb)
            and self.stage in ("", event.stage)
            and (self.since is None or event.stage_timestamp >= self.since)
            and (not self.outcome or self.outcome == _outcome(event))
            and (not self.resource or (ref is not UNSET and self.resource in _resources(ref)))
            and (not self.namespace or (ref is not UNSET and self.namespace == ref.namespace))
        )


def _outcome(event: Event) -> str:
    answered = event.response_status
    return "" if answered is UNSET else outcome(answered.code)


def _resources(ref: ObjectRef) -> tuple[str, ...]:
    return (ref.resource, f"{ref.resource}/{ref.subresource}") if ref.subresource else (ref.resource,)
