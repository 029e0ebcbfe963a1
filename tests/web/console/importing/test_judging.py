"""Verdicts of an import: for each line what would become of it, the same each time."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.errors import BadRequest
from imageyard.web.console.importing import judging, plan, reading
from imageyard.web.console.importing.judging import Image, Judged, Offered
from imageyard.web.console.importing.plan import Line

OFFERED = (
    Offered("team/harbor", "harbor.example.com"),
    Offered("shared/harbor", "harbor.example.com"),
    Offered("team/hub", "docker.io"),
)


def judge(lines: Sequence[Line], held: Mapping[str, Image] | None = None) -> list[Judged]:
    """With names where none is given: what a store without images would make of them."""
    placed = judging.placed(lines, OFFERED)
    named = [
        each if each.line.name else each._replace(line=each.line._replace(name=f"n{number}"))
        for number, each in enumerate(placed)
    ]
    return judging.judged(named, held or {})


def words(*lines: Line, held: Mapping[str, Image] | None = None) -> list[str]:
    return [each.word for each in judge(lines, held)]


def line(reference: str, name: str = "", source: str = "", state: plan.State = "yes", place: str = "1") -> Line:
    return Line(state, place, reference, name, source)


def test_a_line_gets_the_first_source_of_its_host() -> None:
    found = judge([line("harbor.example.com/a:1"), line("nginx"), line("quay.io/a:1")])
    assert [each.line.source for each in found] == ["team/harbor", "team/hub", ""]
    assert [each.word for each in found] == ["create", "create", "sourceless"]


@pytest.mark.parametrize(
    ("source", "reference", "word"),
    [
        ("shared/harbor", "harbor.example.com/a:1", "create"),
        ("shared/harbor", "a:1", "create"),
        ("team/hub", "harbor.example.com/a:1", "invalid"),
        ("elsewhere/unseen", "harbor.example.com/a:1", "create"),
        ("harbor", "a:1", "invalid"),
        ("../harbor", "a:1", "invalid"),
    ],
)
def test_another_source_counts_where_it_can_be_meant(source: str, reference: str, word: str) -> None:
    assert words(line(reference, "a", source)) == [word]


def test_what_is_there_is_told_from_a_name_that_another_has() -> None:
    held = {"web": Image("nginx", "1", "team/hub")}
    assert words(line("nginx:1", "web"), held=held) == ["exists"]
    assert words(line("nginx:2", "web"), held=held) == ["invalid"]


def test_the_same_twice_is_a_duplicate_and_the_same_name_twice_is_wrong() -> None:
    assert words(line("nginx:1", place="1"), line("nginx:1", place="2")) == ["create", "duplicate"]
    assert words(line("nginx:1", "a"), line("nginx:1", "b")) == ["create", "create"]
    assert words(line("nginx:1", "a"), line("nginx:1", "a")) == ["create", "duplicate"]
    assert words(line("nginx:1", "a"), line("nginx:2", "a")) == ["create", "invalid"]
    assert words(line("nginx:1", "a", state="no"), line("nginx:2", "a")) == ["create", "create"]


@pytest.mark.parametrize("name", ["Web", "a b", "-a", "a" * 254, "a/b"])
def test_a_name_that_none_can_have_is_invalid(name: str) -> None:
    (found,) = judge([line("nginx:1", name)])
    assert found.word == "invalid"
    assert found.said is not None


def test_a_plan_travels_through_a_form_unchanged() -> None:
    lines = plan.begun(reading.read("nginx:1 web 官网 前端\nredis:7").candidates)
    assert plan.read(plan.write(lines).replace("\n", "\r\n")) == lines
    assert reading.read(plan.as_text(lines)).candidates[0] == reading.read("nginx:1 web 官网 前端").candidates[0]


@pytest.mark.parametrize("text", ["x", "yes\ta\tb", "maybe\t1\ta\tb\tc\td", "yes\t1\ta\tb\tc\td\te", "yes" * 9])
def test_a_damaged_plan_is_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        plan.read(text)
    with pytest.raises(BadRequest):
        plan.read("\n".join(["yes\t1\ta\tb\tc\td"] * 1001))


def test_only_the_page_that_was_shown_is_edited_and_what_was_made_stays() -> None:
    lines = [Line("made" if n == 1 else "yes", str(n), f"a:{n}") for n in range(plan.PAGE + 2)]
    found = plan.edited(lines, 0, frozenset({"0"}), {0: "zero", 3: "three"}, {0: "a/b"})
    assert found[0] == Line("yes", "0", "a:0", "zero", "a/b")
    assert found[1] == lines[1]
    assert found[3] == Line("no", "3", "a:3", "three")
    assert found[plan.PAGE :] == lines[plan.PAGE :]


LINES = st.builds(
    Line,
    st.sampled_from(["yes", "no", "made"]),
    st.sampled_from(["1", "2", "web"]),
    st.sampled_from(["nginx", "nginx:1", "harbor.example.com/a:1", "quay.io/a", "A", ""]) | st.text(max_size=20),
    st.sampled_from(["", "a", "b", "A"]),
    st.sampled_from(["", "team/hub", "x"]),
)


@given(st.lists(LINES, max_size=12))
def test_no_two_lines_that_are_to_be_created_share_a_name(lines: list[Line]) -> None:
    found = judge(lines)
    assert len(found) == len(lines)
    made = [each.line.name for each in found if each.word == "create" and each.line.state == "yes"]
    assert len(made) == len(set(made))
    for each in found:
        assert (each.said is None) == (each.word in ("create", "exists", "sourceless"))
        if each.word == "create":
            assert each.placed.reference is not None
            assert each.line.source
