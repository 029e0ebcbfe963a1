"""Bodies as the typed clients of Kubernetes send them: the same documents, and nothing that is none gets through."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.web import protobuf_body as protobuf

Value = Any
"""A number, a text, bytes, a message, or a list of these."""


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(fields: Mapping[int, Value]) -> bytes:
    """Numbers, texts, messages, and lists of these, as protobuf writes them."""
    return b"".join(_field(number, value) for number, value in fields.items())


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value % (1 << 64))
    if isinstance(value, list):
        return b"".join(_field(number, each) for each in value)
    raw = value.encode() if isinstance(value, str) else message(value) if isinstance(value, Mapping) else bytes(value)
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def sent(version: str, kind: str, fields: Mapping[int, Value]) -> bytes:
    """The envelope as client-go writes it, its empty parts included."""
    return protobuf.MAGIC + message({1: {1: version, 2: kind}, 2: message(fields), 3: "", 4: ""})


RBAC = "rbac.authorization.k8s.io/v1"


def test_what_a_client_leaves_empty_is_left_out() -> None:
    """Go writes every field that is no pointer, and JSON's omitempty drops the same ones."""
    empty = {1: "", 2: "", 3: "", 4: "", 5: "", 6: "", 7: 0, 8: {}}
    spec = {1: {1: "default", 2: "get", 3: "", 4: "", 5: "repositories", 6: "", 7: ""}}
    read = protobuf.parse(
        sent("authorization.k8s.io/v1", "SelfSubjectAccessReview", {1: empty, 2: spec, 3: {1: 0, 2: ""}})
    )
    assert read == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": {"resourceAttributes": {"namespace": "default", "verb": "get", "resource": "repositories"}},
    }


def test_lists_keep_empty_texts_and_maps_are_maps() -> None:
    meta = {1: "reader", 8: {1: 1_700_000_000}, 11: [{1: "team", 2: "a"}, {1: "empty"}], 14: ["a/b"]}
    owner = {1: "Pod", 3: "p", 4: "u", 5: "v1", 6: 1, 7: 0}
    role = {1: {**meta, 13: owner}, 2: [{1: ["get", "list"], 2: [""], 3: ["pods"]}, {1: ["get"], 5: ["/metrics"]}]}
    assert protobuf.parse(sent(RBAC, "ClusterRole", role)) == {
        "apiVersion": RBAC,
        "kind": "ClusterRole",
        "metadata": {
            "name": "reader",
            "creationTimestamp": "2023-11-14T22:13:20Z",
            "labels": {"team": "a", "empty": ""},
            "finalizers": ["a/b"],
            "ownerReferences": [{"kind": "Pod", "name": "p", "uid": "u", "apiVersion": "v1", "controller": True}],
        },
        "rules": [
            {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]},
            {"verbs": ["get"], "nonResourceURLs": ["/metrics"]},
        ],
    }


def test_fields_that_are_not_known_are_skipped_whatever_they_hold() -> None:
    strange = varint(99 << 3 | 1) + bytes(8) + varint(98 << 3 | 5) + bytes(4) + _field(97, "x") + _field(96, -1)
    binding = message({2: {1: "User", 3: "ann"}, 3: {2: "Role", 3: "r"}}) + strange
    read = protobuf.parse(protobuf.MAGIC + message({1: {1: RBAC, 2: "RoleBinding"}, 2: binding}))
    assert read["subjects"] == [{"kind": "User", "name": "ann"}]
    assert read["roleRef"] == {"kind": "Role", "name": "r"}


def test_what_a_delete_is_meant_for_is_read_whatever_it_deletes() -> None:
    options = {1: 30, 2: {1: "u-1", 2: "7"}, 4: "Background", 5: ["All"]}
    assert protobuf.parse(sent("example.io/v1", "DeleteOptions", options)) == {
        "apiVersion": "example.io/v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u-1", "resourceVersion": "7"},
        "propagationPolicy": "Background",
        "dryRun": ["All"],
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"kind":"Role"}',
        protobuf.MAGIC,
        sent("v1", "Pod", {}),
        sent(RBAC, "Role", {1: 7}),
        sent(RBAC, "Role", {1: {1: b"\xff"}}),
        sent(RBAC, "Role", {1: {1: "x"}})[:-12],
        protobuf.MAGIC + message({1: {1: RBAC, 2: "Role"}, 2: b"\x0b"}),
        protobuf.MAGIC + message({1: {1: RBAC, 2: "Role"}, 2: b"\xff" * 20}),
        protobuf.MAGIC + message({1: {1: RBAC, 2: "Role"}, 2: b"\x12\x00" * (protobuf.MOST_FIELDS + 1)}),
    ],
    ids=["empty", "json", "magic alone", "pod", "number", "no utf-8", "cut off", "group", "endless number", "too many"],
)
def test_what_is_no_such_body_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        protobuf.parse(body)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(raw: bytes) -> None:
    for body in (raw, protobuf.MAGIC + raw, protobuf.MAGIC + message({1: {1: RBAC, 2: "ClusterRole"}, 2: raw})):
        try:
            assert isinstance(protobuf.parse(body), dict)
        except BadRequest:
            continue
