"""Sizes for people."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import size

SCALES: dict[str, int] = {
    unit: 1000**power for power, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))
}


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0B"),
        (1, "1B"),
        (512, "512B"),
        (999, "999B"),
        (1000, "1kB"),
        (1005, "1.01kB"),
        (3990, "3.99kB"),
        (9_994, "9.99kB"),
        (9_995, "10kB"),
        (99_949, "99.9kB"),
        (99_950, "100kB"),
        (999_499, "999kB"),
        (999_500, "1MB"),
        (142_000_000, "142MB"),
        (1_200_000_000, "1.2GB"),
        (2_675_000_000, "2.68GB"),
        (10**24, "1YB"),
        (10**30, "1000000YB"),
    ],
)
def test_sizes_have_three_significant_digits_and_no_space(count: int, text: str) -> None:
    assert size.human(count) == text


@given(st.integers(0, 10**26))
def test_a_size_is_told_within_half_a_percent(count: int) -> None:
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)([kMGTPEZY]?B)", size.human(count))
    assert found
    assert abs(float(found[1]) * SCALES[found[2]] - count) <= count * 0.0051


@given(st.integers(0, 10**26), st.integers(0, 10**26))
def test_a_larger_size_is_never_told_as_smaller(one: int, other: int) -> None:
    def told(count: int) -> float:
        found = re.fullmatch(r"([0-9.]+)([kMGTPEZY]?B)", size.human(count))
        assert found
        return float(found[1]) * SCALES[found[2]]

    assert told(min(one, other)) <= told(max(one, other))
