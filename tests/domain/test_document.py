"""From JSON to a kind's type: every bad field told, nothing raised, nothing quoted."""

import json
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from imageyard.domain import document, exact
from imageyard.domain.errors import Cause
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import (
    ACCESS_TOKEN,
    CLUSTER_ROLE,
    KINDS,
    NAMESPACE,
    REGISTRY_SECRET,
    REPOSITORY,
    ROLE_BINDING,
)
from imageyard.domain.kinds.access_token import AccessToken, AccessTokenSpec
from imageyard.domain.kinds.cluster_role import AggregationRule, ClusterRole, Selector
from imageyard.domain.kinds.namespace import NamespaceSpec
from imageyard.domain.kinds.registry_secret import RegistrySecret, RegistrySecretSpec
from imageyard.domain.kinds.repository import RegistryRef, Repository, RepositorySpec
from imageyard.domain.kinds.role import PolicyRule
from imageyard.domain.kinds.role_binding import RoleRef, Subject
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.secret import Secret

SOURCE = {"domain": "harbor.example.com", "username": "admin", "password": "Harbor12345", "provider": "harbor"}
IMAGE = {"repository": "a", "tag": "b", "registryRef": {"name": "c", "namespace": "d"}}
META = {"name": "x", "namespace": "default"}
CONTENT = sorted(
    {name for kind in KINDS for name in exact.fields(cast("type", kind.type)) if name not in ("kind", "metadata")}
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


def fields(causes: list[Cause]) -> dict[str, str]:
    return {cause.field: cause.reason for cause in causes}


def test_a_source_is_read_with_its_password_as_a_secret() -> None:
    read = document.read(REGISTRY_SECRET, {"metadata": META, "spec": SOURCE})
    assert isinstance(read.object, RegistrySecret)
    assert read.object.spec.password == Secret("Harbor12345")
    assert (read.object.api_version, read.object.kind) == ("image.theriseunion.io/v1alpha1", "RegistrySecret")
    assert (read.causes, read.unknown) == ([], [])


def test_an_absent_password_is_unset_and_an_empty_one_is_empty() -> None:
    read = document.read(REGISTRY_SECRET, {"metadata": META, "spec": {**SOURCE, "password": ""}})
    assert isinstance(read.object, RegistrySecret)
    assert read.object.spec.password == Secret("")
    kept = {name: value for name, value in SOURCE.items() if name != "password"}
    read = document.read(REGISTRY_SECRET, {"metadata": META, "spec": kept})
    assert isinstance(read.object, RegistrySecret)
    assert read.object.spec.password is UNSET


def test_defaults_are_filled_in() -> None:
    read = document.read(REPOSITORY, {"metadata": META, "spec": IMAGE})
    assert isinstance(read.object, Repository)
    spec = read.object.spec
    assert (spec.sync_interval, spec.sync_timeout, spec.retry_count, spec.suspend) == ("1h", "10m", 3, False)
    assert spec.platform is UNSET
    assert read.object.status.sync_status == ""


def test_an_exported_object_can_be_posted_back() -> None:
    """Status and server-owned metadata may be anything; uid and resourceVersion stay as preconditions."""
    exported = {
        "apiVersion": "image.theriseunion.io/v1alpha1",
        "kind": "Repository",
        "metadata": {
            **META,
            "uid": "u-1",
            "resourceVersion": "42",
            "generation": "seven",
            "creationTimestamp": None,
            "deletionTimestamp": 3,
            "deletionGracePeriodSeconds": [],
            "selfLink": "/x",
            "managedFields": [{"manager": "kubectl"}],
            "labels": None,
            "annotations": {"a": "b"},
        },
        "spec": IMAGE,
        "status": {"syncStatus": 7, "nonsense": True},
    }
    read = document.read(REPOSITORY, exported)
    assert (read.causes, read.unknown) == ([], [])
    assert isinstance(read.object, Repository)
    meta = read.object.metadata
    assert (meta.uid, meta.resource_version, meta.generation, meta.creation_timestamp) == ("u-1", "42", 0, None)
    assert (meta.labels, meta.annotations, read.object.status.sync_status) == ({}, {"a": "b"}, "")


def test_a_uid_that_is_no_string_is_dropped() -> None:
    read = document.read(REPOSITORY, {"metadata": {**META, "uid": 7}, "spec": IMAGE})
    assert read.object is not None
    assert read.object.metadata.uid == ""


@pytest.mark.parametrize(
    ("kind", "given_", "field", "reason"),
    [
        pytest.param(REPOSITORY, {"metadata": META}, "spec", "FieldValueRequired", id="spec absent"),
        pytest.param(REPOSITORY, {"metadata": META, "spec": None}, "spec", "FieldValueTypeInvalid", id="spec null"),
        pytest.param(REPOSITORY, {"metadata": META, "spec": []}, "spec", "FieldValueTypeInvalid", id="spec a list"),
        pytest.param(REPOSITORY, {"metadata": [], "spec": IMAGE}, "metadata", "FieldValueTypeInvalid", id="meta list"),
        pytest.param(
            REPOSITORY, {"apiVersion": "v1", "spec": IMAGE}, "apiVersion", "FieldValueInvalid", id="apiVersion wrong"
        ),
        pytest.param(
            REPOSITORY, {"apiVersion": 1, "spec": IMAGE}, "apiVersion", "FieldValueTypeInvalid", id="apiVersion number"
        ),
        pytest.param(REPOSITORY, {"kind": "Pod", "spec": IMAGE}, "kind", "FieldValueInvalid", id="kind wrong"),
        pytest.param(REPOSITORY, {"kind": None, "spec": IMAGE}, "kind", "FieldValueTypeInvalid", id="kind null"),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "name": 1}, "spec": IMAGE},
            "metadata.name",
            "FieldValueTypeInvalid",
            id="name a number",
        ),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "resourceVersion": 1}, "spec": IMAGE},
            "metadata.resourceVersion",
            "FieldValueTypeInvalid",
            id="resourceVersion a number",
        ),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "labels": []}, "spec": IMAGE},
            "metadata.labels",
            "FieldValueTypeInvalid",
            id="labels a list",
        ),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "labels": {"a": 1}}, "spec": IMAGE},
            "metadata.labels[a]",
            "FieldValueTypeInvalid",
            id="label a number",
        ),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "finalizers": ["a", 1]}, "spec": IMAGE},
            "metadata.finalizers[1]",
            "FieldValueTypeInvalid",
            id="finalizer a number",
        ),
        pytest.param(
            REPOSITORY,
            {"metadata": {**META, "ownerReferences": [{"uid": "\ud800"}]}, "spec": IMAGE},
            "metadata.ownerReferences[0][uid]",
            "FieldValueTypeInvalid",
            id="half a surrogate pair inside anything",
        ),
        pytest.param(
            REPOSITORY,
            {"spec": {"repository": "a", "tag": "b"}},
            "spec.registryRef",
            "FieldValueRequired",
            id="reference absent",
        ),
        pytest.param(
            REPOSITORY,
            {"spec": {**IMAGE, "registryRef": {"namespace": "d"}}},
            "spec.registryRef.name",
            "FieldValueRequired",
            id="half a reference",
        ),
        pytest.param(
            REPOSITORY,
            {"spec": {**IMAGE, "registryRef": "harbor"}},
            "spec.registryRef",
            "FieldValueTypeInvalid",
            id="reference a string",
        ),
        pytest.param(
            REPOSITORY,
            {"spec": {**IMAGE, "retryCount": True}},
            "spec.retryCount",
            "FieldValueTypeInvalid",
            id="true is no integer",
        ),
        pytest.param(
            REPOSITORY, {"spec": {**IMAGE, "retryCount": 3.0}}, "spec.retryCount", "FieldValueTypeInvalid", id="float"
        ),
        pytest.param(
            REPOSITORY, {"spec": {**IMAGE, "retryCount": 2**63}}, "spec.retryCount", "FieldValueTypeInvalid", id="huge"
        ),
        pytest.param(
            REPOSITORY, {"spec": {**IMAGE, "suspend": 1}}, "spec.suspend", "FieldValueTypeInvalid", id="1 is not true"
        ),
        pytest.param(
            REPOSITORY, {"spec": {**IMAGE, "platform": None}}, "spec.platform", "FieldValueTypeInvalid", id="null"
        ),
        pytest.param(
            REPOSITORY, {"spec": {**IMAGE, "tag": "\ud800"}}, "spec.tag", "FieldValueTypeInvalid", id="half a pair"
        ),
        pytest.param(
            REGISTRY_SECRET,
            {"spec": {**SOURCE, "password": None}},
            "spec.password",
            "FieldValueTypeInvalid",
            id="password null",
        ),
        pytest.param(
            REGISTRY_SECRET,
            {"spec": {**SOURCE, "password": 12345}},
            "spec.password",
            "FieldValueTypeInvalid",
            id="password a number",
        ),
        pytest.param(
            REGISTRY_SECRET,
            {"spec": {**SOURCE, "allowedNamespaces": "*"}},
            "spec.allowedNamespaces",
            "FieldValueTypeInvalid",
            id="a string is no list",
        ),
        pytest.param(
            ACCESS_TOKEN,
            {"spec": {"user": "a", "tokenHash": "b", "expires": "tomorrow"}},
            "spec.expires",
            "FieldValueTypeInvalid",
            id="no time",
        ),
        pytest.param(
            ACCESS_TOKEN,
            {"spec": {"user": "a", "tokenHash": "b", "expires": 0}},
            "spec.expires",
            "FieldValueTypeInvalid",
            id="a number is no time",
        ),
    ],
)
def test_each_bad_field_is_one_cause_with_its_path(
    kind: Kind[Any], given_: dict[str, Any], field: str, reason: str
) -> None:
    read = document.read(kind, given_)
    assert read.object is None
    assert fields(read.causes) == {field: reason}


def test_all_bad_fields_are_told_at_once() -> None:
    read = document.read(REGISTRY_SECRET, {"kind": "Pod", "metadata": {"name": []}, "spec": {"domain": 1, "y": 2}})
    assert fields(read.causes) == {
        "kind": "FieldValueInvalid",
        "metadata.name": "FieldValueTypeInvalid",
        "spec.domain": "FieldValueTypeInvalid",
        "spec.username": "FieldValueRequired",
        "spec.provider": "FieldValueRequired",
    }
    assert read.unknown == ["spec.y"]


def test_unknown_fields_are_told_and_left_out_wherever_they_are() -> None:
    given_ = {
        "data": 1,
        "metadata": {**META, "clusterName": "x"},
        "spec": {**IMAGE, "registryRef": {"name": "c", "namespace": "d", "kind": "x"}, "sync_interval": "5m"},
        "status": {"more": 1},
    }
    read = document.read(REPOSITORY, given_)
    assert read.unknown == ["data", "metadata.clusterName", "spec.sync_interval", "spec.registryRef.kind"]
    assert isinstance(read.object, Repository)
    assert read.object.spec.sync_interval == "1h"


def test_a_namespace_needs_no_spec() -> None:
    read = document.read(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}, "spec": {}})
    assert read.causes == []
    assert document.read(NAMESPACE, {"metadata": {"name": "a"}}).causes == []


def test_content_that_is_no_spec_is_read_field_by_field() -> None:
    read = document.read(
        ROLE_BINDING,
        {"spec": {}, "subjects": [{"kind": "User", "name": 1, "x": 2}], "roleRef": {"kind": "Pod"}},
    )
    assert fields(read.causes) == {
        "subjects[0].name": "FieldValueTypeInvalid",
        "roleRef.kind": "FieldValueNotSupported",
    }
    assert read.unknown == ["spec", "subjects[0].x"]
    assert fields(document.read(ROLE_BINDING, {"metadata": META}).causes) == {"roleRef": "FieldValueRequired"}


def test_a_null_list_of_rules_is_none_as_exported_roles_have_it() -> None:
    read = document.read(CLUSTER_ROLE, {"metadata": {"name": "x"}, "rules": None})
    assert isinstance(read.object, ClusterRole)
    assert read.object.rules is None


def test_a_time_is_read() -> None:
    spec = {"user": "a", "tokenHash": "b", "expires": "2026-01-01T00:00:00Z"}
    read = document.read(ACCESS_TOKEN, {"spec": spec})
    assert isinstance(read.object, AccessToken)
    assert read.object.spec.expires is not None
    assert document.read(ACCESS_TOKEN, {"spec": {**spec, "expires": None}}).causes == []


def test_the_answer_stays_small_however_many_fields_are_bad() -> None:
    labels = {f"{'k' * 1000}{n}": n for n in range(1000)}
    read = document.read(REPOSITORY, {"metadata": {"labels": labels}, "spec": {**IMAGE, **labels}})
    assert len(read.causes) == len(read.unknown) == document.SHOWN
    assert max(map(len, read.unknown)) < 100


def test_paths_are_always_printable() -> None:
    read = document.read(REPOSITORY, {"\ud800": 1, "spec": IMAGE})
    assert [path.encode() for path in read.unknown] == [b"?"]


@given(JSON)
def test_no_value_is_ever_quoted(value: Any) -> None:
    """A password may have been written into any field."""
    canary = {"hunter2": value, "x": ["hunter2"]}
    spec = {**SOURCE, "domain": ["hunter2"], "username": canary, "password": ["hunter2"], "provider": ["hunter2"]}
    read = document.read(REGISTRY_SECRET, {"apiVersion": "hunter2", "kind": ["hunter2"], "spec": spec})
    assert read.causes
    assert "hunter2" not in repr([(cause.text, cause.field) for cause in read.causes])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(given_=st.dictionaries(st.sampled_from(["apiVersion", "kind", "metadata", "status", "x", *CONTENT]), JSON))
def test_no_document_raises(kind: Kind[Any], given_: dict[str, Any]) -> None:
    read = document.read(kind, given_)
    assert (read.object is None) == bool(read.causes)


def walked(kind: Kind[Any], given: dict[str, Any]) -> document.Read:
    """Read on the way that tells flaws: an unknown field forces it."""
    read = document.read(kind, {**given, "flaw": 1})
    return read._replace(unknown=[field for field in read.unknown if field != "flaw"])


STRUCTS = (
    ObjectMeta,
    RegistrySecretSpec,
    RepositorySpec,
    RegistryRef,
    NamespaceSpec,
    AccessTokenSpec,
    PolicyRule,
    AggregationRule,
    Selector,
    Subject,
    RoleRef,
)
NAMES = sorted({field.encode_name for struct in STRUCTS for field in msgspec.structs.fields(struct)})
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["namespaces"]}
VALID: dict[str, dict[str, Any]] = {
    "RegistrySecret": SOURCE,
    "Repository": IMAGE,
    "AccessToken": {"user": "a", "tokenHash": "b"},
    "Role": RULE,
    "ClusterRole": RULE,
    "RoleBinding": {"kind": "User", "name": "a"},
    "ClusterRoleBinding": {"kind": "User", "name": "a"},
}


def holding(kind: Kind[Any], part: dict[str, Any]) -> dict[str, Any]:
    """A document's content around the part of it that has many fields."""
    ref = {"kind": "ClusterRole", "name": "r"}
    contents: dict[str, dict[str, Any]] = {
        "Role": {"rules": [part]},
        "ClusterRole": {"rules": [part], "aggregationRule": {"clusterRoleSelectors": [part]}},
        "RoleBinding": {"subjects": [part], "roleRef": ref},
        "ClusterRoleBinding": {"subjects": [part], "roleRef": {**ref, **part}},
    }
    return contents.get(kind.name, {"spec": part})


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(
    metadata=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=6),
    spec=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8),
)
def test_what_is_read_can_be_stored(kind: Kind[Any], metadata: dict[str, Any], spec: dict[str, Any]) -> None:
    """Anything with the right names either has causes or encodes to bytes that decode to the same object."""
    for chosen in (spec, {**VALID.get(kind.name, {}), **spec}):
        read = document.read(kind, {"metadata": metadata, **holding(kind, chosen)})
        if read.object is None:
            continue
        for name in kind.secret_fields:
            setattr(read.object.spec, name, UNSET)  # type: ignore[attr-defined]  # every kind's type has a spec
        body = kind.encode(read.object)
        assert kind.encode(kind.decode(body)) == body
        assert json.loads(body)["kind"] == kind.name
        kind.validate(read.object, None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@given(metadata=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4), data=st.data())
def test_a_flawless_document_is_read_as_any_other(
    kind: Kind[Any], metadata: dict[str, Any], data: st.DataObject
) -> None:
    """The quick way and the walk agree on every document: on its flaws, and on the object when there are none."""
    valid = VALID.get(kind.name, {})
    near: st.SearchStrategy[Any] = st.sampled_from(
        [0, 3, 3.0, 2**63, 2**64, True, None, "", "5m", "\ud800", [], {}, ["\ud800"]]
    )
    spec = {**valid, **data.draw(st.dictionaries(st.sampled_from(NAMES), near | JSON, max_size=3))}
    whole, sound = holding(kind, spec), holding(kind, valid)
    for given_ in ({"metadata": metadata, **whole}, {"metadata": metadata, **sound}, whole):
        assert document.read(kind, given_) == walked(kind, given_)


@pytest.mark.parametrize("flaw", [3.0, 2**63, -(2**63) - 1, True, "3"])
def test_what_conversion_would_let_pass_for_an_integer_is_refused(flaw: object) -> None:
    read = document.read(REPOSITORY, {"metadata": META, "spec": {**IMAGE, "retryCount": flaw}})
    assert fields(read.causes) == {"spec.retryCount": "FieldValueTypeInvalid"}
