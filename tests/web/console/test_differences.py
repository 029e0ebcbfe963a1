"""What changed between two contents, worked out without a page."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.kinds.repository import Layer
from imageyard.service.layouts import Weight
from imageyard.web.console import contents, differences, raw, stacks, timeline
from imageyard.web.console.contents import ConfigShown, LayerRow
from imageyard.web.console.differences import SetChange, ValueChange
from imageyard.web.console.histories import SyncRow
from imageyard.web.console.visit import Said
from imageyard.web.console.words import load

DIGESTS = st.lists(st.sampled_from("abcdef"), max_size=12)
SAID = Said("Synced", "", load()["en"])


def _rows(digests: str, size: int = 10) -> tuple[LayerRow, ...]:
    return contents.layers([Layer(digest, str(size)) for digest in digests])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("ab", "ab", "=a =b"),
        ("ab", "ac", "=a -b +c"),
        ("", "ab", "+a +b"),
        ("ab", "", "-a -b"),
        ("abc", "acx", "=a -b =c +x"),
        ("abz", "xyz", "-a -b +x +y =z"),
        ("aab", "ab", "=a -a =b"),
        ("ab", "ba", "-a =b +a"),
    ],
)
def test_two_stacks_are_set_side_by_side(before: str, after: str, told: str) -> None:
    signs = {"kept": "=", "removed": "-", "added": "+"}
    rows = differences.layers(_rows(before), _rows(after)).rows
    assert " ".join(signs[row.change] + row.layer.digest for row in rows) == told


@given(DIGESTS, DIGESTS)
def test_nothing_gets_lost_or_out_of_order(before: list[str], after: list[str]) -> None:
    found = differences.layers(_rows("".join(before)), _rows("".join(after)))
    assert [row.before.digest for row in found.rows if row.before] == before
    assert [row.after.digest for row in found.rows if row.after] == after
    assert all(
        row.before and row.after and row.before.digest == row.after.digest for row in found.rows if row.change == "kept"
    )
    assert (found.kept + found.removed, found.kept + found.added) == (len(before), len(after))


@given(DIGESTS, DIGESTS)
def test_as_much_as_can_be_is_kept(before: list[str], after: list[str]) -> None:
    def longest(left: int, right: int) -> int:
        if left == len(before) or right == len(after):
            return 0
        known = lengths.get((left, right))
        if known is None:
            same = before[left] == after[right]
            known = (
                longest(left + 1, right + 1) + 1 if same else max(longest(left + 1, right), longest(left, right + 1))
            )
            lengths[left, right] = known
        return known

    lengths: dict[tuple[int, int], int] = {}
    assert len(differences.common(before, after)) == longest(0, 0)


@given(DIGESTS)
def test_a_content_does_not_differ_from_itself(digests: list[str]) -> None:
    found = differences.layers(_rows("".join(digests)), _rows("".join(digests)))
    assert (found.added, found.removed, found.new_bytes) == (0, 0, 0)


def test_what_only_moved_is_not_pulled_again() -> None:
    found = differences.layers(_rows("ab"), _rows("bac"))
    assert (found.added_bytes, found.new_bytes) == (20, 10)


def test_steps_without_a_layer_stand_between_the_layers() -> None:
    layers = [{"digest": "a", "size": "3", "instruction": "ADD"}, {"digest": "b", "size": "1", "instruction": "RUN"}]
    history = [{"created_by": "ADD"}, {"created_by": "ENV X=…", "empty_layer": True}, {"created_by": "RUN"}]
    rows = contents.read_layers(layers, {"history": history})
    assert [(row.number, row.instruction, row.empty) for row in rows] == [
        (1, "ADD", False),
        (0, "ENV X=…", True),
        (2, "RUN", False),
    ]
    assert [row.cumulative for row in rows] == [75, 75, 100]
    assert [row.number for row in contents.read_layers(layers, {"history": history[:1]})] == [1, 2]
    odds: tuple[object, ...] = (None, [], {"history": "x"}, {"history": [None, 3]})
    for odd in odds:
        assert len(contents.read_layers(layers, odd)) == 2


def test_many_long_instructions_share_the_room_there_is() -> None:
    rows = contents.layers([Layer("x", "1", instruction="RUN " + "x" * 996)] * 200)
    assert sum(len(row.instruction) for row in rows) <= contents.INSTRUCTIONS
    assert rows[0].instruction.endswith("…")


def test_a_config_differs_in_what_it_says() -> None:
    before = ConfigShown("root", "/", ("a",), (), ("PATH", "OLD"), ("80/tcp",), (), "", (("k", "1"), ("gone", "")))
    after = ConfigShown("app", "/", ("a", "-v"), (), ("PATH", "NEW"), ("80/tcp",), ("/data",), "", (("k", "2"),))
    found = differences.config(before, after)
    assert found.values == (ValueChange("entrypoint", "a", "a -v"), ValueChange("user", "root", "app"))
    assert found.sets == (SetChange("environment", ("NEW",), ("OLD",)), SetChange("volumes", ("/data",), ()))
    assert found.labels == (ValueChange("k", "1", "2"), ValueChange("gone", "", ""))
    assert differences.config(before, before).same


def test_platforms_come_go_and_change() -> None:
    found = differences.platforms({"a": "1", "b": "2", "c": "3"}, {"b": "2", "c": "4", "d": "5"})
    assert (found.added, found.removed, found.changed, found.kept) == (("d",), ("a",), ("c",), ("b",))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 10**12)), max_size=40), st.permutations("abcd"))
def test_both_stacks_are_drawn_within_the_picture(sizes: list[tuple[str, int]], other: list[str]) -> None:
    before = contents.layers([Layer(digest, str(size)) for digest, size in sizes])
    picture = stacks.draw(differences.layers(before, _rows("".join(other))).rows)
    for stack in (picture.before, picture.after):
        assert all(block.y >= stacks.TOP - 0.1 and block.y + block.height <= picture.height + 0.1 for block in stack)
        assert all(block.height >= stacks.LEAST - 0.01 for block in stack)
        for lower, upper in pairwise(stack):
            assert upper.y + upper.height == pytest.approx(lower.y, abs=0.1)
    assert len(picture.joins) == sum(block.change == "kept" for block in picture.before)


def _line(before: str, after: str, *, success: bool = True) -> SyncRow:
    return SyncRow(None, success, SAID, "schedule", 1, before, after, before != after and bool(before and after))


def test_a_history_tells_what_each_change_did() -> None:
    history = [_line("b", "c"), _line("b", "b", success=False), _line("a", "b"), _line("", "a")]
    weights = {"a": Weight(100, ("x", "y")), "b": Weight(90, ("x", "z", "w"))}
    shown = timeline.moments(history, weights, "/i", "")
    assert [
        moment.summary and tuple(getattr(moment.summary, name) for name in ("bytes", "added", "removed"))
        for moment in shown
    ] == [None, None, (-10, 2, 1), None]
    assert [moment.compare for moment in shown] == ["/i/compare?from=b&to=c", "", "/i/compare?from=a&to=b", ""]
    assert [moment.offered for moment in shown] == [True, True, False, True]
    assert len(timeline.moments(history, weights, "/i", "failures")) == 1
    assert len(timeline.moments(history, weights, "/i", "changes")) == 2
    assert timeline.show("../x") == ""


@given(st.text(), st.text())
def test_a_files_name_is_safe_wherever_it_goes(name: str, digest: str) -> None:
    made = raw.file_name(name, digest, "manifest")
    assert made.isascii()
    assert not set(made) & set('/\\"\r\n;% ')
    assert not made.startswith(".")
