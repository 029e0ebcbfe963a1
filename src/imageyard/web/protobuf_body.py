"""Bodies in Kubernetes' protobuf, which the typed clients of client-go send for the kinds they know (`kubectl auth`,
`kubectl create role`), read as the same document that JSON would have been. Answers are JSON: they take that too.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding, the generated.proto files of
k8s.io/api and k8s.io/apimachinery (field numbers never change), https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from imageyard.domain import objects
from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text

MAGIC: Final = b"k8s\x00"
MOST_FIELDS: Final = 100_000
"""Fields that are read of one body: 3 MiB may hold fifteen times as many empty ones."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SECONDS: Final = 253_402_300_799
"""The last second of the year 9999."""

Scalar = Literal["string", "int", "bool", "time"]
Message = Mapping[int, "Field"]


class Field(NamedTuple):
    name: str
    of: "Scalar | Message" = "string"
    many: Literal["", "list", "map"] = ""
    """A map is written as a list of messages, each a key and a value."""


def _texts(name: str) -> Field:
    return Field(name, many="list")


def _map(name: str) -> Field:
    return Field(name, {1: Field("key"), 2: Field("value")}, "map")


_OWNER: Final[Message] = {
    1: Field("kind"),
    3: Field("name"),
    4: Field("uid"),
    5: Field("apiVersion"),
    6: Field("controller", "bool"),
    7: Field("blockOwnerDeletion", "bool"),
}
_META: Final[Message] = {
    1: Field("name"),
    2: Field("generateName"),
    3: Field("namespace"),
    5: Field("uid"),
    6: Field("resourceVersion"),
    7: Field("generation", "int"),
    8: Field("creationTimestamp", "time"),
    9: Field("deletionTimestamp", "time"),
    11: _map("labels"),
    12: _map("annotations"),
    13: Field("ownerReferences", _OWNER, many="list"),
    14: _texts("finalizers"),
}
_SELECTOR: Final[Message] = {
    1: _map("matchLabels"),
    2: Field("matchExpressions", {1: Field("key"), 2: Field("operator"), 3: _texts("values")}, many="list"),
}
_RULE: Final[Message] = {
    1: _texts("verbs"),
    2: _texts("apiGroups"),
    3: _texts("resources"),
    4: _texts("resourceNames"),
    5: _texts("nonResourceURLs"),
}
_SUBJECT: Final[Message] = {1: Field("kind"), 2: Field("apiGroup"), 3: Field("name"), 4: Field("namespace")}
_ROLE_REF: Final[Message] = {1: Field("apiGroup"), 2: Field("kind"), 3: Field("name")}
_METADATA: Final = Field("metadata", _META)
_ROLE: Final[Message] = {1: _METADATA, 2: Field("rules", _RULE, many="list")}
_BINDING: Final[Message] = {1: _METADATA, 2: Field("subjects", _SUBJECT, many="list"), 3: Field("roleRef", _ROLE_REF)}

_RESOURCE: Final[Message] = {
    1: Field("namespace"),
    2: Field("verb"),
    3: Field("group"),
    4: Field("version"),
    5: Field("resource"),
    6: Field("subresource"),
    7: Field("name"),
}
_SELF_ACCESS: Final[Message] = {
    1: Field("resourceAttributes", _RESOURCE),
    2: Field("nonResourceAttributes", {1: Field("path"), 2: Field("verb")}),
}
_ACCESS: Final[Message] = {
    **_SELF_ACCESS,
    3: Field("user"),
    4: _texts("groups"),
    6: Field("uid"),
}


def _with_spec(spec: Message) -> Message:
    return {1: _METADATA, 2: Field("spec", spec)}


_RBAC: Final = "rbac.authorization.k8s.io/v1"
_AUTHORIZATION: Final = "authorization.k8s.io/v1"
_AUTHENTICATION: Final = "authentication.k8s.io/v1"

MESSAGES: Final[Mapping[tuple[str, str], Message]] = {
    ("v1", "Namespace"): _with_spec({1: _texts("finalizers")}),
    (_RBAC, "Role"): _ROLE,
    (_RBAC, "ClusterRole"): {
        **_ROLE,
        3: Field("aggregationRule", {1: Field("clusterRoleSelectors", _SELECTOR, many="list")}),
    },
    (_RBAC, "RoleBinding"): _BINDING,
    (_RBAC, "ClusterRoleBinding"): _BINDING,
    (_AUTHORIZATION, "SelfSubjectAccessReview"): _with_spec(_SELF_ACCESS),
    (_AUTHORIZATION, "SubjectAccessReview"): _with_spec(_ACCESS),
    (_AUTHORIZATION, "LocalSubjectAccessReview"): _with_spec(_ACCESS),
    (_AUTHORIZATION, "SelfSubjectRulesReview"): _with_spec({1: Field("namespace")}),
    (_AUTHENTICATION, "SelfSubjectReview"): {1: _METADATA},
    (_AUTHENTICATION, "TokenReview"): _with_spec({1: Field("token"), 2: _texts("audiences")}),
}
"""By apiVersion and kind. What is not named is skipped: statuses, and what these servers do not keep."""

_DELETE_OPTIONS: Final[Message] = {
    2: Field("preconditions", {1: Field("uid"), 2: Field("resourceVersion")}),
    4: Field("propagationPolicy"),
    5: _texts("dryRun"),
}
"""Come in the apiVersion of what is deleted."""
_UNKNOWN: Final[Message] = {1: Field("type", {1: Field("apiVersion"), 2: Field("kind")})}


def parse(raw: bytes) -> dict[str, Any]:
    """The document in a body. Raises BadRequest."""
    if not raw.startswith(MAGIC):
        raise _bad("the body does not begin as Kubernetes' protobuf does")
    reader = _Reader()
    envelope = raw[len(MAGIC) :]
    type_ = reader.message(envelope, _UNKNOWN).get("type", {})
    version, kind = type_.get("apiVersion", ""), type_.get("kind", "")
    message = _DELETE_OPTIONS if kind == "DeleteOptions" else MESSAGES.get((version, kind))
    if message is None:
        raise _bad("this kind is not read as protobuf; send application/json")
    # The last one counts, as in every protobuf message.
    [*_, content] = [b"", *(value for number, value in reader.fields(envelope) if number == 2)]
    return {"apiVersion": version, "kind": kind, **reader.message(_bytes(content), message)}


class _Reader:
    """Reads along the shapes above, so nothing nests deeper than they do."""

    def __init__(self) -> None:
        self._left = MOST_FIELDS

    def message(self, raw: bytes, shape: Message) -> dict[str, Any]:
        """What was written without a value is left out, as JSON leaves it out."""
        found: dict[str, Any] = {}
        for number, value in self.fields(raw):
            field = shape.get(number)
            if field is None:
                continue
            read = self._value(field.of, value)
            if field.many == "list":
                found.setdefault(field.name, []).append(read)
            elif field.many == "map":
                found.setdefault(field.name, {})[read.get("key", "")] = read.get("value", "")
            elif read or isinstance(read, dict):
                found[field.name] = read
        return found

    def fields(self, raw: bytes) -> Iterator[tuple[int, int | bytes]]:
        """Each field's number and its value, a number or bytes."""
        at = 0
        while at < len(raw):
            self._left -= 1
            if self._left < 0:
                raise _bad(f"the body has more than {MOST_FIELDS} fields")
            key, at = _varint(raw, at)
            value: int | bytes
            match key & 7:
                case 0:
                    value, at = _varint(raw, at)
                case 1:
                    value, at = _slice(raw, at, 8)
                case 2:
                    length, at = _varint(raw, at)
                    value, at = _slice(raw, at, length)
                case 5:
                    value, at = _slice(raw, at, 4)
                case _:
                    raise _broken()
            yield key >> 3, value

    def _value(self, of: "Scalar | Message", value: int | bytes) -> Any:
        match of:
            case "string":
                try:
                    return _bytes(value).decode()
                except UnicodeDecodeError:
                    raise _broken() from None
            case "int":
                return _signed(value)
            case "bool":
                return _signed(value) != 0
            case "time":
                return self._time(_bytes(value))
        return self.message(_bytes(value), of)

    def _time(self, raw: bytes) -> str | None:
        seconds = self.message(raw, {1: Field("seconds", "int")}).get("seconds", 0)
        if not 0 < seconds <= _MOST_SECONDS:
            return None
        return objects.rfc3339(_EPOCH + timedelta(seconds=seconds))


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            break
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _broken()


def _slice(raw: bytes, at: int, length: int) -> tuple[bytes, int]:
    if length > len(raw) - at:
        raise _broken()
    return raw[at : at + length], at + length


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _broken()
    return value


def _signed(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise _broken()
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def _broken() -> BadRequest:
    return _bad("the body is no valid protobuf message")


def _bad(sentence: str) -> BadRequest:
    return BadRequest(Text(sentence, sentence))
