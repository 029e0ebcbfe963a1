"""The window of kept changes."""

from datetime import timedelta

import pytest

from imageyard.domain.errors import Gone
from imageyard.store import changes
from imageyard.store.changes import KEPT_CHANGES, KEPT_FOR, Recorded, Window
from tests.fakes.clock import START

OLD = START - KEPT_FOR - timedelta(seconds=1)


@pytest.mark.parametrize("since", [5, 7, 9])
def test_what_is_kept_can_be_asked_for(since: int) -> None:
    Window(trimmed=5, newest=9).check(since)


@pytest.mark.parametrize("since", [0, 4, 10], ids=["ancient", "just dropped", "of another history"])
def test_what_is_not_kept_is_gone(since: int) -> None:
    with pytest.raises(Gone):
        Window(trimmed=5, newest=9).check(since)


@pytest.mark.parametrize(
    ("oldest", "newest", "expected"),
    [
        ([], 50, None),
        ([Recorded(1, OLD)], KEPT_CHANGES, None),
        ([Recorded(1, OLD), Recorded(2, OLD)], KEPT_CHANGES + 1, 1),
        ([Recorded(1, OLD), Recorded(2, OLD)], KEPT_CHANGES + 9, 2),
        ([Recorded(1, OLD), Recorded(2, START)], KEPT_CHANGES + 9, 1),
        ([Recorded(1, START), Recorded(2, OLD)], KEPT_CHANGES + 9, None),
    ],
    ids=["none", "too few", "one beyond", "all old", "one too young", "clock set back"],
)
def test_both_bounds_must_be_passed(oldest: list[Recorded], newest: int, expected: int | None) -> None:
    assert changes.outdated(oldest, newest, START) == expected
