"""Sets of fields: written and read as Kubernetes does, set algebra, printing, bounds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import field_set
from imageyard.domain.field_set import EMPTY, FieldSet, InvalidFieldSet

SCALARS = st.text(max_size=4) | st.integers(-3, 3) | st.booleans()
ELEMENTS = st.one_of(
    st.text("ab./:", max_size=3).map(field_set.field),
    st.dictionaries(st.text("ab", max_size=2), SCALARS, min_size=1, max_size=2).map(field_set.keyed),
    SCALARS.map(field_set.valued),
    st.integers(0, 12).map(lambda n: f"i:{n}"),
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([".", "f:a", "k:{}", 'k:{"a":1}', "v:1", "i:x", "i:1", ""]), inner, max_size=4
        )
    ),
    max_leaves=10,
)


def of(paths: set[tuple[str, ...]]) -> FieldSet:
    whole = EMPTY
    for path in paths:
        branch = field_set.MEMBER
        for element in reversed(path):
            branch = FieldSet(below={element: branch})
        whole = whole | branch
    return whole


SETS = st.sets(PATHS, max_size=6)


@given(SETS)
def test_what_is_written_is_read_back(paths: set[tuple[str, ...]]) -> None:
    fields = of(paths)
    assert field_set.read(json.loads(json.dumps(fields.write()))) == fields


@given(SETS)
def test_it_is_written_in_one_order_whatever_the_order_it_was_made_in(paths: set[tuple[str, ...]]) -> None:
    again = EMPTY
    for path in sorted(paths, reverse=True):
        again = again | of({path})
    assert json.dumps(again.write()) == json.dumps(of(paths).write())


@given(SETS, SETS)
def test_its_algebra_is_that_of_sets_of_paths(some: set[tuple[str, ...]], others: set[tuple[str, ...]]) -> None:
    assert of(some) | of(others) == of(some | others)
    assert of(some) & of(others) == of(some & others)
    assert of(some) - of(others) == of(some - others)
    assert bool(of(some)) == bool(some)


@given(SETS)
def test_each_member_is_printed_once(paths: set[tuple[str, ...]]) -> None:
    assert len(list(of(paths).paths())) == len(paths)


@given(ANYTHING)
def test_anything_else_is_refused_by_its_own_error(written: Any) -> None:
    try:
        fields = field_set.read(written)
    except InvalidFieldSet:
        return
    assert field_set.read(fields.write()) == fields


def test_a_member_with_members_below_it_has_a_dot() -> None:
    written: dict[str, Any] = {"f:labels": {".": {}, "f:app": {}}, "f:spec": {"f:tag": {}}}
    assert field_set.read(written).write() == written


def test_fields_come_before_keys_values_and_places_and_places_count() -> None:
    written: dict[str, Any] = {"i:10": {}, "i:2": {}, "v:1": {}, 'k:{"a":1}': {}, "f:z": {}, "f:a": {}}
    assert list(field_set.read(written).write()) == ["f:a", "f:z", 'k:{"a":1}', "v:1", "i:2", "i:10"]


def test_a_key_is_the_same_however_its_json_is_spaced_and_ordered() -> None:
    spaced = field_set.read({'k:{ "b": 1, "a": "x" }': {}})
    assert spaced == field_set.read({'k:{"a":"x","b":1}': {}})


def test_paths_are_printed_as_kubernetes_prints_them() -> None:
    fields = field_set.read(
        {
            "f:spec": {"f:registryRef": {"f:name": {}}, "f:tag": {}, "f:sizes": {"i:3": {}}},
            "f:metadata": {"f:finalizers": {'v:"a.example.com/b"': {}}, "f:labels": {"f:app": {}}},
            "f:status": {"f:conditions": {'k:{"type":"Ready"}': {".": {}, "f:reason": {}}}},
        }
    )
    assert list(fields.paths()) == [
        '.metadata.finalizers[="a.example.com/b"]',
        ".metadata.labels.app",
        ".spec.tag",
        ".spec.registryRef.name",
        ".spec.sizes[3]",
        '.status.conditions[type="Ready"]',
        '.status.conditions[type="Ready"].reason',
    ]


def test_a_tree_deeper_than_64_elements_is_refused() -> None:
    def deep(levels: int) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for _ in range(levels):
            tree = {"f:a": tree}
        return tree

    field_set.read(deep(64))
    with pytest.raises(InvalidFieldSet):
        field_set.read(deep(65))


def test_a_set_of_more_elements_than_any_object_has_is_refused() -> None:
    with pytest.raises(InvalidFieldSet):
        field_set.read({f"f:{n}": {} for n in range(field_set.MOST + 1)})
