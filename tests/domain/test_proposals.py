"""Proposed names: valid, all different, the shortest first."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import proposals, reference

PATH = st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+(__[a-z0-9]+)*){0,4}", fullmatch=True)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)


@pytest.mark.parametrize(
    ("path", "tag", "first"),
    [
        ("nginx", "latest", ["nginx", "nginx-2", "nginx-3"]),
        ("team/app", "v1.0", ["app-v1.0", "team-app-v1.0", "app-v1.0-2"]),
        ("a/b/c", "1", ["c-1", "b-c-1", "a-b-c-1"]),
        ("team/my__app", "V1_2.", ["my-app-v1-2", "team-my-app-v1-2", "my-app-v1-2-2"]),
        ("x", "_", ["x", "x-2", "x-3"]),
    ],
)
def test_the_shortest_is_proposed_first(path: str, tag: str, first: list[str]) -> None:
    assert [*islice(proposals.names(path, tag), 3)] == first


@given(PATH, TAG)
def test_each_is_a_valid_name_and_none_comes_twice(path: str, tag: str) -> None:
    found = [*islice(proposals.names(path, tag), 12)]
    assert len(set(found)) == len(found)
    assert all(reference.is_subdomain(name) for name in found)
