"""Metadata rules every kind shares, and the two kinds that have little more than metadata."""

from typing import Any

import pytest

from imageyard.domain import document, metadata
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY, access_token, namespace
from imageyard.domain.kinds.access_token import AccessToken, AccessTokenSpec
from imageyard.domain.kinds.namespace import Namespace
from imageyard.domain.objects import ObjectMeta


def meta(**changes: Any) -> ObjectMeta:
    return ObjectMeta(**{"name": "nginx", "namespace": "default", **changes})


OWNER = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a", "uid": "u", "controller": True}


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(meta(), id="plain"),
        pytest.param(meta(name="myapp-v1.0.0"), id="dots"),
        pytest.param(meta(name="a" * 253, namespace="b" * 63), id="longest"),
        pytest.param(meta(name="", generate_name="nginx-"), id="generated"),
        pytest.param(meta(name="", generate_name="nginx."), id="generated after a dot"),
        pytest.param(meta(generate_name="Ignored!"), id="a name wins over generateName"),
        pytest.param(
            meta(labels={"app": "", "app.kubernetes.io/name": "Nginx_1.2-x", "a" * 63: "b" * 63}), id="labels"
        ),
        pytest.param(
            meta(annotations={"theriseunion.io/display-name": "生产 环境\n", "Example.COM/X": ""}), id="notes"
        ),
        pytest.param(meta(annotations={"a": "x" * (256 * 1024 - 1)}), id="256 KiB of annotations"),
        pytest.param(meta(finalizers=["example.com/cleanup"]), id="finalizers"),
        pytest.param(meta(labels={f"{n:060}": "" for n in range(1000)}), id="1,000 labels"),
        pytest.param(meta(finalizers=[f"{'a' * 253}/{'b' * 63}"]), id="the longest finalizer"),
        pytest.param(meta(owner_references=[OWNER] * 32), id="owners"),
    ],
)
def test_valid_metadata_has_no_causes(given: ObjectMeta) -> None:
    assert metadata.check(given, namespaced=True) == []


@pytest.mark.parametrize(
    ("given", "field", "reason", "fix"),
    [
        pytest.param(meta(name=""), "metadata.name", "FieldValueRequired", "empty", id="no name"),
        pytest.param(meta(name="Nginx"), "metadata.name", "FieldValueInvalid", "lower-case", id="capitals"),
        pytest.param(meta(name="a" * 254), "metadata.name", "FieldValueInvalid", "253", id="long name"),
        pytest.param(meta(name="../etc"), "metadata.name", "FieldValueInvalid", "begins", id="path as name"),
        pytest.param(
            meta(name="", generate_name="Nginx-"), "metadata.generateName", "FieldValueInvalid", "nginx-", id="prefix"
        ),
        pytest.param(
            meta(name="", generate_name="a" * 248),
            "metadata.generateName",
            "FieldValueInvalid",
            "247",
            id="long prefix",
        ),
        pytest.param(
            meta(name="", generate_name="-a"), "metadata.generateName", "FieldValueInvalid", "nginx-", id="dash first"
        ),
        pytest.param(meta(namespace=""), "metadata.namespace", "FieldValueRequired", "empty", id="no namespace"),
        pytest.param(meta(namespace="a.b"), "metadata.namespace", "FieldValueInvalid", "63", id="dotted namespace"),
        pytest.param(meta(namespace="_all_"), "metadata.namespace", "FieldValueInvalid", "lists", id="scope"),
        pytest.param(meta(labels={"": "x"}), "metadata.labels", "FieldValueInvalid", "[prefix/]name", id="empty key"),
        pytest.param(meta(labels={"a b": "x"}), "metadata.labels", "FieldValueInvalid", "`a b`", id="space in key"),
        pytest.param(meta(labels={"/a": "x"}), "metadata.labels", "FieldValueInvalid", "prefix", id="empty prefix"),
        pytest.param(meta(labels={"a/b/c": "x"}), "metadata.labels", "FieldValueInvalid", "prefix", id="two slashes"),
        pytest.param(meta(labels={"A.com/b": "x"}), "metadata.labels", "FieldValueInvalid", "DNS", id="capital prefix"),
        pytest.param(meta(labels={"a" * 64: "x"}), "metadata.labels", "FieldValueInvalid", "63", id="long key"),
        pytest.param(meta(labels={"a": "-x"}), "metadata.labels", "FieldValueInvalid", "label `a`", id="bad value"),
        pytest.param(meta(labels={"a": "x" * 64}), "metadata.labels", "FieldValueInvalid", "63", id="long value"),
        pytest.param(meta(labels={"a": "镜像"}), "metadata.labels", "FieldValueInvalid", "letters", id="chinese value"),
        pytest.param(meta(labels={"a": "x\n"}), "metadata.labels", "FieldValueInvalid", "letters", id="newline"),
        pytest.param(
            meta(annotations={"a b": ""}), "metadata.annotations", "FieldValueInvalid", "`a b`", id="annotation key"
        ),
        pytest.param(
            meta(annotations={"a": "像" * 87382}),
            "metadata.annotations",
            "FieldValueInvalid",
            "256 KiB",
            id="annotations too large in bytes",
        ),
        pytest.param(
            meta(finalizers=["a b"]), "metadata.finalizers", "FieldValueInvalid", "[prefix/]name", id="finalizer"
        ),
        pytest.param(
            meta(labels={f"{n:060}": "x" * 10 for n in range(1000)}),
            "metadata.labels",
            "FieldValueInvalid",
            "64 KiB",
            id="labels too large together",
        ),
        pytest.param(
            meta(finalizers=["a" * 318]), "metadata.finalizers", "FieldValueInvalid", "63", id="long finalizer"
        ),
        *(
            pytest.param(
                meta(owner_references=[OWNER, owner]),
                "metadata.ownerReferences[1]",
                "FieldValueInvalid",
                "317",
                id=f"owner with {what}",
            )
            for what, owner in {
                "a long value": {"name": "x" * 318},
                "a long field": {"x" * 318: True},
                "a value that is a tree": {"name": {"a": ["b"]}},
                "many fields": {str(n): "x" for n in range(7)},
            }.items()
        ),
    ],
)
def test_each_broken_rule_is_one_cause_that_names_the_fix(given: ObjectMeta, field: str, reason: str, fix: str) -> None:
    [cause] = metadata.check(given, namespaced=True)
    assert (cause.field, cause.reason) == (field, reason)
    assert fix in cause.text.en
    assert cause.text.zh


@pytest.mark.parametrize(
    ("field", "given", "limit"),
    [
        ("labels", {f"k{n}": "v" for n in range(1001)}, "1,000"),
        ("labels", {f"k{n}": 1 for n in range(1001)}, "1,000"),
        ("finalizers", ["example.com/x"] * 33, "32"),
        ("ownerReferences", [OWNER] * 33, "32"),
        ("ownerReferences", [None] * 33, "32"),
    ],
)
@pytest.mark.parametrize("kind", [REPOSITORY, REGISTRY_SECRET, NAMESPACE], ids=lambda kind: str(kind.name))
def test_crowded_metadata_is_refused_before_any_entry_is_read(
    kind: Kind[Any], field: str, given: object, limit: str
) -> None:
    read = document.read(kind, {"metadata": {"name": "a", field: given}, "spec": {"x": 1}})
    [cause] = [each for each in read.causes if each.field.startswith("metadata.")]
    assert read.object is None
    assert cause.field == f"metadata.{field}"
    assert limit in cause.text.en
    assert limit in cause.text.zh


def test_a_cluster_scoped_object_has_no_namespace() -> None:
    [cause] = metadata.check(meta(), namespaced=False)
    assert cause.field == "metadata.namespace"
    assert metadata.check(meta(namespace=""), namespaced=False) == []


def test_the_answer_stays_small_however_many_keys_are_bad() -> None:
    causes = metadata.check(meta(labels={f"{'!' * 1000}{n}": "" for n in range(60)}), namespaced=True)
    assert len(causes) == metadata.SHOWN
    assert max(len(cause.text.en) for cause in causes) < 400


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("default", []),
        ("a" * 63, []),
        ("a" * 64, ["metadata.name"]),
        ("a.b", ["metadata.name"]),
        ("_all_", ["metadata.name"]),
        ("", ["metadata.name"]),
    ],
)
def test_a_namespace_is_named_by_a_label(name: str, told: list[str]) -> None:
    causes = namespace.validate(Namespace(metadata=ObjectMeta(name=name)), None)
    assert [cause.field for cause in causes] == told


@pytest.mark.parametrize(
    ("user", "groups", "told"),
    [
        ("ci", [], []),
        ("system:serviceaccount:a:b", ["image-viewer"], []),
        ("", [], ["spec.user"]),
        ("a\nb", [], ["spec.user"]),
        ("ci", ["ok", "", "a\tb"], ["spec.groups[1]", "spec.groups[2]"]),
    ],
)
def test_an_access_token_names_a_user_and_groups(user: str, groups: list[str], told: list[str]) -> None:
    spec = AccessTokenSpec(user=user, groups=groups, token_hash="0" * 64)
    causes = access_token.validate(AccessToken(metadata=ObjectMeta(name="ci"), spec=spec), None)
    assert [cause.field for cause in causes] == told
