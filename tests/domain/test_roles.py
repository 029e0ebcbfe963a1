"""Roles and bindings: what is wrong with them, in Kubernetes' words."""

from typing import Any

import pytest

from imageyard.domain import document
from imageyard.domain.errors import Cause
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, ROLE, ROLE_BINDING

RBAC = "rbac.authorization.k8s.io"
RULE = {"verbs": ["get"], "apiGroups": [""], "resources": ["namespaces"]}
URLS = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}
USER = {"kind": "User", "name": "ann"}
REF = {"kind": "ClusterRole", "name": "reader"}


def read(kind: Kind[Any], content: dict[str, Any], name: str = "x") -> Any:
    meta = {"name": name, **({"namespace": "default"} if kind.namespaced else {})}
    read = document.read(kind, {"metadata": meta, **content})
    assert read.causes == []
    return read.object


def faults(kind: Kind[Any], content: dict[str, Any], name: str = "x") -> list[Cause]:
    return kind.validate(read(kind, content, name), None)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (ROLE, {"rules": [RULE]}),
        (ROLE, {}),
        (CLUSTER_ROLE, {"rules": [RULE, URLS]}),
        (CLUSTER_ROLE, {"aggregationRule": {"clusterRoleSelectors": [{}]}, "rules": None}),
        (ROLE_BINDING, {"subjects": [USER, {"kind": "ServiceAccount", "name": "ci"}], "roleRef": REF}),
        (ROLE_BINDING, {"roleRef": {"kind": "Role", "name": "a:b"}}),
        (CLUSTER_ROLE_BINDING, {"subjects": [{"kind": "Group", "name": "Any Name"}], "roleRef": REF}),
    ],
)
def test_what_kubernetes_takes_is_taken(kind: Kind[Any], content: dict[str, Any]) -> None:
    assert faults(kind, content) == []


@pytest.mark.parametrize(
    ("kind", "content", "field", "reason", "words"),
    [
        (
            ROLE,
            {"rules": [{**RULE, "verbs": []}]},
            "rules[0].verbs",
            "Required",
            "verbs must contain at least one value",
        ),
        (
            ROLE,
            {"rules": [RULE, {**RULE, "apiGroups": []}]},
            "rules[1].apiGroups",
            "Required",
            "resource rules must supply at least one api group",
        ),
        (
            ROLE,
            {"rules": [{**RULE, "resources": []}]},
            "rules[0].resources",
            "Required",
            "resource rules must supply at least one resource",
        ),
        (
            ROLE,
            {"rules": [URLS]},
            "rules[0].nonResourceURLs",
            "Invalid",
            "namespaced rules cannot apply to non-resource URLs",
        ),
        (
            CLUSTER_ROLE,
            {"rules": [{**RULE, **URLS}]},
            "rules[0].nonResourceURLs",
            "Invalid",
            "rules cannot apply to both regular resources and non-resource URLs",
        ),
        (CLUSTER_ROLE, {"rules": [RULE] * 251}, "rules", "Invalid", "has at most 250 entries"),
        (
            CLUSTER_ROLE,
            {"rules": [{**RULE, "verbs": ["get"] * 251}]},
            "rules[0].verbs",
            "Invalid",
            "has at most 250 entries",
        ),
        (
            CLUSTER_ROLE,
            {"aggregationRule": {}},
            "aggregationRule.clusterRoleSelectors",
            "Required",
            "at least one clusterRoleSelector required if aggregationRule is non-nil",
        ),
        (
            CLUSTER_ROLE,
            {"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "In"}]}]}},
            "aggregationRule.clusterRoleSelectors[0].matchExpressions[0].values",
            "Required",
            "must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            ROLE_BINDING,
            {"roleRef": {**REF, "apiGroup": "other.io"}},
            "roleRef.apiGroup",
            "NotSupported",
            f'supported values: "{RBAC}"',
        ),
        (ROLE_BINDING, {"roleRef": {"kind": "Role"}}, "roleRef.name", "Required", "must not be empty"),
        (
            CLUSTER_ROLE_BINDING,
            {"roleRef": {"kind": "Role", "name": "x"}},
            "roleRef.kind",
            "NotSupported",
            'supported values: "ClusterRole"',
        ),
        (
            ROLE_BINDING,
            {"roleRef": REF, "subjects": [{**USER, "apiGroup": "other.io"}]},
            "subjects[0].apiGroup",
            "NotSupported",
            f'supported values: "{RBAC}"',
        ),
        (
            ROLE_BINDING,
            {"roleRef": REF, "subjects": [{"kind": "ServiceAccount", "name": "ci", "apiGroup": RBAC}]},
            "subjects[0].apiGroup",
            "NotSupported",
            'supported values: ""',
        ),
        (
            CLUSTER_ROLE_BINDING,
            {"roleRef": REF, "subjects": [{"kind": "ServiceAccount", "name": "ci"}]},
            "subjects[0].namespace",
            "Required",
            "is required",
        ),
        (
            ROLE_BINDING,
            {"roleRef": REF, "subjects": [{"kind": "Group"}]},
            "subjects[0].name",
            "Required",
            "must not be empty",
        ),
    ],
)
def test_each_fault_is_told_in_kubernetes_words(
    kind: Kind[Any], content: dict[str, Any], field: str, reason: str, words: str
) -> None:
    [fault] = faults(kind, content)
    assert (fault.field, fault.reason.removeprefix("FieldValue"), fault.text.en) == (field, reason, words)


@pytest.mark.parametrize(
    ("name", "good"),
    [("system:discovery", True), ("Any Name", True), ("a/b", False), ("a%b", False), ("..", False), ("a" * 254, False)],
)
def test_roles_are_named_as_a_path_can_name_them(name: str, good: bool) -> None:
    for kind, content in ((CLUSTER_ROLE, {}), (ROLE_BINDING, {"roleRef": REF})):
        assert (faults(kind, content, name) == []) is good


def test_api_groups_that_are_left_out_are_filled_in() -> None:
    """As the API server stores them."""
    binding = read(ROLE_BINDING, {"subjects": [USER, {"kind": "ServiceAccount", "name": "ci"}], "roleRef": REF})
    assert [subject.api_group for subject in binding.subjects] == [RBAC, ""]
    assert binding.role_ref.api_group == RBAC


def test_the_role_of_a_binding_stays() -> None:
    old = read(ROLE_BINDING, {"roleRef": REF})
    same = read(ROLE_BINDING, {"subjects": [USER], "roleRef": {**REF, "apiGroup": RBAC}})
    assert ROLE_BINDING.validate(same, old) == []
    other = read(ROLE_BINDING, {"roleRef": {**REF, "name": "edit"}})
    assert [(cause.field, cause.text.en) for cause in ROLE_BINDING.validate(other, old)] == [
        ("roleRef", "cannot change roleRef")
    ]
