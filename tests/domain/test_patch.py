"""Patches: the vectors of RFC 7396 and RFC 6902, the bounds, and what may never be done with a write-only field."""

import contextlib
import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import patch
from imageyard.domain.errors import BadRequest, Invalid

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab~/", max_size=3)
KEYS = st.sampled_from(["a", "b", "spec", "password", "a/b", "~", "0", ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
POINTERS = st.lists(
    st.sampled_from(["a", "b", "spec", "password", "0", "1", "-", "a~1b", "~0", "", "01", "-1"]), max_size=3
).map(lambda parts: "".join(f"/{part}" for part in parts))
OPERATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]),
            "path": POINTERS,
            "from": POINTERS,
        },
        optional={"value": VALUES},
    ),
    max_size=5,
)


@pytest.mark.parametrize(
    ("document", "change", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({"a": "foo"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_follows_the_appendix_of_rfc_7396(
    document: dict[str, Any], change: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert patch.merge(document, change) == expected


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(document: dict[str, Any], change: dict[str, Any]) -> None:
    once = patch.merge(document, change)
    assert patch.merge(once, change) == once


@given(OBJECTS, OBJECTS)
def test_merge_leaves_its_arguments_alone_and_shares_nothing(document: dict[str, Any], change: dict[str, Any]) -> None:
    before = copy.deepcopy((document, change))
    scribble(patch.merge(document, change))
    assert (document, change) == before


@given(OBJECTS)
def test_an_empty_merge_changes_nothing(document: dict[str, Any]) -> None:
    assert patch.merge(document, {}) == document


def scribble(value: Any) -> None:
    if isinstance(value, dict):
        for item in value.values():
            scribble(item)
        value["scribbled"] = True
    elif isinstance(value, list):
        for item in value:
            scribble(item)
        value.append("scribbled")


@pytest.mark.parametrize(
    ("document", "operations", "expected"),
    [
        pytest.param({"a": 1}, [{"op": "add", "path": "/b", "value": 2}], {"a": 1, "b": 2}, id="add member"),
        pytest.param({"a": [1, 3]}, [{"op": "add", "path": "/a/1", "value": 2}], {"a": [1, 2, 3]}, id="add item"),
        pytest.param({"a": [1]}, [{"op": "add", "path": "/a/-", "value": [2]}], {"a": [1, [2]]}, id="append"),
        pytest.param({"a": 1, "b": 2}, [{"op": "remove", "path": "/a"}], {"b": 2}, id="remove member"),
        pytest.param({"a": [1, 2]}, [{"op": "remove", "path": "/a/0"}], {"a": [2]}, id="remove item"),
        pytest.param({"a": 1}, [{"op": "replace", "path": "/a", "value": None}], {"a": None}, id="replace by null"),
        pytest.param({"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}, id="replace all"),
        pytest.param({"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/c"}], {"a": {}, "c": 1}, id="move"),
        pytest.param({"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}, id="copy"),
        pytest.param({"a/b": 1}, [{"op": "test", "path": "/a~1b", "value": 1}], {"a/b": 1}, id="escaped slash"),
        pytest.param({"~1": 1}, [{"op": "test", "path": "/~01", "value": 1}], {"~1": 1}, id="escaped tilde"),
        pytest.param({"": 1}, [{"op": "remove", "path": "/"}], {}, id="empty key"),
        pytest.param({"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}], {"a": 1}, id="1 equals 1.0"),
        pytest.param({"a": 1}, [{"op": "test", "path": "/a", "value": 1, "xyz": 2}], {"a": 1}, id="unknown member"),
        pytest.param({"a": 1}, [], {"a": 1}, id="nothing"),
    ],
)
def test_json_patch_follows_rfc_6902(document: dict[str, Any], operations: list[Any], expected: dict[str, Any]) -> None:
    assert patch.apply_json(document, operations, ()) == expected


@pytest.mark.parametrize(
    ("operations", "field"),
    [
        pytest.param([{"op": "test", "path": "/spec/tag", "value": "y"}], "spec.tag", id="test differs"),
        pytest.param([{"op": "test", "path": "/n", "value": True}], "n", id="1 is not true"),
        pytest.param([{"op": "test", "path": "/none", "value": None}], "none", id="test of nothing"),
        pytest.param([{"op": "remove", "path": "/spec/none"}], "spec.none", id="remove nothing"),
        pytest.param([{"op": "remove", "path": ""}], "/", id="remove all"),
        pytest.param([{"op": "replace", "path": "/spec/none", "value": 1}], "spec.none", id="replace nothing"),
        pytest.param([{"op": "add", "path": "/none/x", "value": 1}], "none.x", id="add below nothing"),
        pytest.param([{"op": "add", "path": "/list/9", "value": 1}], "list.9", id="add beyond the end"),
        pytest.param([{"op": "add", "path": "/list/01", "value": 1}], "list.01", id="index with zero"),
        pytest.param([{"op": "add", "path": "/list/-1", "value": 1}], "list.-1", id="negative index"),
        pytest.param([{"op": "remove", "path": "/list/-"}], "list.-", id="remove the end"),
        pytest.param([{"op": "copy", "from": "/list/-", "path": "/x"}], "x", id="copy the end"),
        pytest.param([{"op": "move", "from": "/none", "path": "/x"}], "x", id="move nothing"),
        pytest.param([{"op": "move", "from": "/list", "path": "/list/0"}], "list.0", id="move into itself"),
        pytest.param([{"op": "add", "path": "/spec/tag/0", "value": 1}], "spec.tag.0", id="into a string"),
        pytest.param([{"op": "add", "path": "/n/0", "value": 1}], "n.0", id="into a number"),
        pytest.param([{"op": "add", "path": "/list/" + "9" * 5000, "value": 1}], "list." + "9" * 195 + "…", id="huge"),
    ],
)
def test_what_cannot_be_applied_is_invalid_at_its_path(operations: list[Any], field: str) -> None:
    document = {"spec": {"tag": "x"}, "list": [1], "n": 1}
    before = copy.deepcopy(document)
    with pytest.raises(Invalid) as refused:
        patch.apply_json(document, operations, ())
    [cause] = refused.value.causes
    assert cause.field == field
    assert "[0]" in cause.text.en
    assert document == before


@pytest.mark.parametrize(
    ("operations", "part"),
    [
        pytest.param({}, "list", id="an object"),
        pytest.param("[]", "list", id="a string"),
        pytest.param(None, "list", id="null"),
        pytest.param(["x"], "[0]", id="operation a string"),
        pytest.param([7], "[0]", id="operation a number"),
        pytest.param([{"path": "/a"}], "op must be", id="no op"),
        pytest.param([{"op": "append", "path": "/a", "value": 1}], "op must be", id="unknown op"),
        pytest.param([{"op": ["add"], "path": "/a", "value": 1}], "op must be", id="op a list"),
        pytest.param([{"op": "remove"}], "path is missing", id="no path"),
        pytest.param([{"op": "add", "path": "/a"}], "value is missing", id="no value"),
        pytest.param([{"op": "copy", "path": "/a"}], "from is missing", id="no from"),
        pytest.param([{"op": "remove", "path": "a"}], "path is no JSON pointer", id="no leading slash"),
        pytest.param([{"op": "remove", "path": "/~2"}], "path is no JSON pointer", id="bad escape"),
        pytest.param([{"op": "remove", "path": 7}], "path is no JSON pointer", id="path a number"),
        pytest.param([{"op": "move", "path": "/a", "from": []}], "from is no JSON pointer", id="from a list"),
        pytest.param([{"op": "remove", "path": "/a"}] * 10_001, "10000", id="10,001 operations"),
        pytest.param([{"op": "add", "path": "", "value": [1]}], "must be a JSON object", id="result a list"),
        pytest.param([{"op": "add", "path": "", "value": None}], "must be a JSON object", id="result null"),
    ],
)
def test_a_malformed_patch_is_a_bad_request(operations: object, part: str) -> None:
    with pytest.raises(BadRequest) as refused:
        patch.apply_json({"a": 1}, operations, ())
    assert part in refused.value.text.en
    assert refused.value.text.zh


@pytest.mark.parametrize("path", ["/spec/password", "/spec", "", "/spec/password/0"])
@pytest.mark.parametrize("name", ["test", "copy", "move", "copy from", "move from"])
def test_a_write_only_field_is_never_compared_or_carried(name: str, path: str) -> None:
    op, _, side = name.partition(" ")
    operation = {"op": op, "path": path, "from": "/spec/domain", "value": "guess"}
    if side:
        operation |= {"path": "/metadata/labels", "from": path}
    with pytest.raises(Invalid) as refused:
        patch.apply_json({"spec": {"domain": "h"}, "metadata": {}}, [operation], ("password",))
    [cause] = refused.value.causes
    assert "write-only" in cause.text.en
    assert "guess" not in refused.value.text.en + refused.value.text.zh


def test_neither_is_one_that_the_patch_itself_has_just_set() -> None:
    """The refusal is about the path, so a patch that works tells nothing."""
    operations = [
        {"op": "add", "path": "/spec/password", "value": "new"},
        {"op": "copy", "from": "/spec/password", "path": "/metadata/labels"},
    ]
    with pytest.raises(Invalid):
        patch.apply_json({"spec": {}, "metadata": {}}, operations, ("password",))


@pytest.mark.parametrize("op", ["add", "replace"])
def test_add_and_replace_set_a_write_only_field_that_the_document_does_not_show(op: str) -> None:
    document = {"spec": {"domain": "h"}}
    operations = [{"op": op, "path": "/spec/password", "value": "new"}]
    assert patch.apply_json(document, operations, ("password",)) == {"spec": {"domain": "h", "password": "new"}}
    assert operations[0]["op"] == op


@pytest.mark.parametrize(
    "path", ["/spec/domain", "/spec/passwordHint", "/password", "/metadata/password", "/spec~1password"]
)
def test_fields_that_only_look_like_it_are_free(path: str) -> None:
    document = {
        "spec": {"domain": "h", "passwordHint": "h"},
        "password": "h",
        "metadata": {"password": "h"},
        "spec/password": "h",
    }
    operations = [{"op": "test", "path": path, "value": "h"}]
    assert patch.apply_json(document, operations, ("password",)) == document


def test_kinds_without_secrets_may_test_their_spec() -> None:
    document = {"spec": {"tag": "x"}}
    assert patch.apply_json(document, [{"op": "test", "path": "/spec", "value": {"tag": "x"}}], ()) == document


def test_copies_are_bounded() -> None:
    """Each copy would double the document: 40 of them are a terabyte."""
    operations = [{"op": "add", "path": "/a", "value": "x" * 1024}]
    operations += [{"op": "copy", "from": "/list", "path": "/list/-"} for _ in range(40)]
    with pytest.raises(Invalid, match="too much"):
        patch.apply_json({"list": ["x" * 1024]}, operations, ())


def test_pushing_long_lists_about_is_bounded() -> None:
    operations = [{"op": "add", "path": "/list/0", "value": 0} for _ in range(1000)]
    with pytest.raises(Invalid, match="too much"):
        patch.apply_json({"list": [0] * 100_000}, operations, ())


def test_depth_is_bounded() -> None:
    operations: list[dict[str, Any]] = [{"op": "add", "path": "/a", "value": {}}]
    operations += [{"op": "copy", "from": "/a", "path": "/a" * (2**n + 1)} for n in range(6)]
    with pytest.raises(BadRequest, match="64 levels"):
        patch.apply_json({}, operations, ())


def test_absurd_depth_is_refused_rather_than_crashing() -> None:
    operations: list[dict[str, Any]] = [{"op": "add", "path": "/a", "value": {}}]
    operations += [{"op": "copy", "from": "/a", "path": "/a" * (2**n + 1)} for n in range(16)]
    with pytest.raises((BadRequest, Invalid)):
        patch.apply_json({}, operations, ())


@given(OBJECTS, OPERATIONS)
def test_any_patch_applies_or_is_refused_and_leaves_its_arguments_alone(
    document: dict[str, Any], operations: list[dict[str, Any]]
) -> None:
    before = copy.deepcopy((document, operations))
    with contextlib.suppress(Invalid, BadRequest):
        scribble(patch.apply_json(document, operations, ("password",)))
    assert (document, operations) == before


@given(OBJECTS, VALUES)
def test_any_value_is_refused_or_applied(document: dict[str, Any], operations: Any) -> None:
    with contextlib.suppress(Invalid, BadRequest):
        patch.apply_json(document, operations, ("password",))
