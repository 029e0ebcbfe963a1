"""Text that shows all there is in it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import visible


@pytest.mark.parametrize("text", ["alice", "Zoë O\u2019Neill", "张三", "a b", "\U0001f600", ""])
def test_what_people_write_stays(text: str) -> None:
    assert visible.is_whole(text)
    assert visible.shown(text) == text


@pytest.mark.parametrize("character", "\x00\t\n\r\x1b\x7f\x9b\xad\u200b\u202e\u2066\ufeff\u2028\u2029\ud800")
def test_what_would_not_be_seen_is_stood_in_for(character: str) -> None:
    assert not visible.is_whole(f"a{character}b")
    assert visible.shown(f"a{character}b") == "a\ufffdb"


@given(st.text(st.characters(categories=["C", "Z", "L"])))
def test_what_is_shown_is_whole_one_line_and_as_long(text: str) -> None:
    shown = visible.shown(text)
    assert visible.is_whole(shown)
    assert (len(shown), len(shown.splitlines()) <= 1) == (len(text), True)
    assert not {"Cc", "Cf", "Zl", "Zp"} & {unicodedata.category(each) for each in shown}
