"""Selectors: the grammar of Kubernetes, and what matches."""

import contextlib
import timeit
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import selector
from imageyard.domain.errors import BadRequest
from imageyard.domain.selector import FieldSelector, LabelSelector, Requirement

FIELDS = frozenset({"metadata.name", "metadata.namespace", "status.syncStatus"})
KEYS = st.sampled_from(["app", "in", "notin", "tier", "app.kubernetes.io/name", "x-1"])
VALUES = st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,5}[A-Za-z0-9])?)?", fullmatch=True)
REQUIREMENTS = st.builds(
    Requirement,
    KEYS,
    st.sampled_from(["in", "notin"]),
    st.lists(VALUES, min_size=1, max_size=3, unique=True).map(tuple),
) | st.builds(Requirement, KEYS, st.sampled_from(["exists", "absent"]), st.just(()))


def write(requirement: Requirement) -> str:
    match requirement.operator:
        case "exists":
            return requirement.key
        case "absent":
            return f"!{requirement.key}"
    return f"{requirement.key} {requirement.operator} ({','.join(requirement.values)})"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("  \t", []),
        ("a", [Requirement("a", "exists")]),
        ("!a", [Requirement("a", "absent")]),
        ("! a", [Requirement("a", "absent")]),
        ("a=b", [Requirement("a", "in", ("b",))]),
        ("a==b", [Requirement("a", "in", ("b",))]),
        ("a!=b", [Requirement("a", "notin", ("b",))]),
        (" a = b , c != d ", [Requirement("a", "in", ("b",)), Requirement("c", "notin", ("d",))]),
        ("a=", [Requirement("a", "in", ("",))]),
        ("a=,b", [Requirement("a", "in", ("",)), Requirement("b", "exists")]),
        ("a in (b,c)", [Requirement("a", "in", ("b", "c"))]),
        ("a in(b)", [Requirement("a", "in", ("b",))]),
        ("a\nnotin\t( b , b )", [Requirement("a", "notin", ("b",))]),
        ("a in ()", [Requirement("a", "in", ("",))]),
        ("a in (,b)", [Requirement("a", "in", ("", "b"))]),
        ("a in (b,)", [Requirement("a", "in", ("b", ""))]),
        ("in in (notin)", [Requirement("in", "in", ("notin",))]),
        ("a=in", [Requirement("a", "in", ("in",))]),
        ("app.kubernetes.io/name=Nginx_1", [Requirement("app.kubernetes.io/name", "in", ("Nginx_1",))]),
        (
            "a=b,c!=d,e in (f,g),!h,i",
            [
                Requirement("a", "in", ("b",)),
                Requirement("c", "notin", ("d",)),
                Requirement("e", "in", ("f", "g")),
                Requirement("h", "absent"),
                Requirement("i", "exists"),
            ],
        ),
    ],
)
def test_label_selectors_are_read_as_kubernetes_reads_them(text: str, expected: list[Requirement]) -> None:
    assert selector.parse_labels(text) == LabelSelector(tuple(expected))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("a=b,", "a key is missing at the end", id="comma last"),
        pytest.param(",a=b", "`,`", id="comma first"),
        pytest.param("a,,b", "`,`", id="two commas"),
        pytest.param("a b", "`b`", id="no operator"),
        pytest.param("a=b c", "`c`", id="two values"),
        pytest.param("a=b=c", "`=`", id="two operators"),
        pytest.param("!a=b", "`=`", id="absent with a value"),
        pytest.param("!", "a key is missing", id="nothing absent"),
        pytest.param("!!a", "`!`", id="twice not"),
        pytest.param("=b", "`=`", id="no key"),
        pytest.param("a in", "`(` is missing", id="in nothing"),
        pytest.param("a in b", "`b`", id="in without brackets"),
        pytest.param("a in (b", "missing at the end", id="open bracket"),
        pytest.param("a in (b c)", "`c`", id="space between values"),
        pytest.param("a in ((b))", "`(`", id="two brackets"),
        pytest.param("a in (b))", "`)`", id="bracket too many"),
        pytest.param("a=(b)", "`(`", id="bracket as value"),
        pytest.param("a>1", "`>`", id="greater"),
        pytest.param("a<1", "`<`", id="less"),
        pytest.param("-a=b", "`-a`", id="bad key"),
        pytest.param("a/b/c=d", "`a/b/c`", id="bad prefix"),
        pytest.param("a=-b", "`-b`", id="bad value"),
        pytest.param("a=" + "b" * 64, "`bbb", id="long value"),
        pytest.param("a in (镜像)", "`镜像`", id="chinese value"),
    ],
)
def test_a_bad_label_selector_is_refused_naming_the_bad_part(text: str, part: str) -> None:
    with pytest.raises(BadRequest) as refused:
        selector.parse_labels(text)
    assert part in refused.value.text.en
    assert refused.value.text.zh


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("", {}, True),
        ("", {"a": "b"}, True),
        ("a=b", {"a": "b"}, True),
        ("a=b", {"a": "c"}, False),
        ("a=b", {}, False),
        ("a!=b", {"a": "c"}, True),
        ("a!=b", {"a": "b"}, False),
        ("a!=b", {}, True),
        ("a in (b,c)", {"a": "c"}, True),
        ("a in (b,c)", {}, False),
        ("a notin (b,c)", {"a": "c"}, False),
        ("a notin (b,c)", {}, True),
        ("a=", {"a": ""}, True),
        ("a=", {}, False),
        ("a", {"a": ""}, True),
        ("a", {}, False),
        ("!a", {}, True),
        ("!a", {"a": ""}, False),
        ("a=b,c=d", {"a": "b", "c": "d"}, True),
        ("a=b,c=d", {"a": "b"}, False),
    ],
)
def test_labels_match_as_in_kubernetes(text: str, labels: dict[str, str], expected: bool) -> None:
    """notin and != hold for an object without the label."""
    assert selector.parse_labels(text).matches(labels) is expected


@given(st.lists(REQUIREMENTS, max_size=4))
def test_a_selector_survives_being_written_and_read(requirements: list[Requirement]) -> None:
    assert selector.parse_labels(",".join(map(write, requirements))).requirements == tuple(requirements)


@given(KEYS, st.lists(VALUES, min_size=1, max_size=3, unique=True), st.dictionaries(KEYS, VALUES))
def test_notin_is_the_opposite_of_in(key: str, values: list[str], labels: dict[str, str]) -> None:
    listed = ",".join(values)
    inside = selector.parse_labels(f"{key} in ({listed})")
    outside = selector.parse_labels(f"{key} notin ({listed})")
    assert inside.matches(labels) is not outside.matches(labels)


@given(st.text(alphabet="ab=!(),<> in\\.", max_size=20) | st.text(max_size=20))
def test_any_text_is_a_selector_or_refused(text: str) -> None:
    for parse in (selector.parse_labels, lambda given_: selector.parse_fields(given_, FIELDS)):
        with contextlib.suppress(BadRequest):
            parse(text)


Term = tuple[str, Literal["=", "!="], str]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (",,", []),
        ("metadata.name=x", [("metadata.name", "=", "x")]),
        ("metadata.name==x", [("metadata.name", "=", "x")]),
        ("metadata.name!=x", [("metadata.name", "!=", "x")]),
        ("metadata.name=", [("metadata.name", "=", "")]),
        (
            "metadata.name=x,status.syncStatus!=Failed",
            [("metadata.name", "=", "x"), ("status.syncStatus", "!=", "Failed")],
        ),
        (r"metadata.name=a\,b\=c\\d", [("metadata.name", "=", r"a,b=c\d")]),
        ("metadata.name= x ", [("metadata.name", "=", " x ")]),
    ],
)
def test_field_selectors_are_read_as_kubernetes_reads_them(text: str, expected: list[Term]) -> None:
    assert selector.parse_fields(text, FIELDS) == FieldSelector(tuple(expected))


@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("metadata.name", "metadata.name", id="no operator"),
        pytest.param("=x", "metadata.namespace", id="no field"),
        pytest.param("spec.nodeName=x", "`spec.nodeName`", id="field not allowed"),
        pytest.param(" metadata.name=x", "` metadata.name`", id="space before"),
        pytest.param("metadata.name=a=b", "metadata.name=a=b", id="operator in value"),
        pytest.param(r"metadata.name=a\b", r"a\b", id="bad escape"),
        pytest.param("metadata.name=a\\", "field=value", id="backslash last"),
        pytest.param("metadata.name>1", "metadata.name>1", id="greater"),
    ],
)
def test_a_bad_field_selector_is_refused_naming_the_bad_part(text: str, part: str) -> None:
    with pytest.raises(BadRequest) as refused:
        selector.parse_fields(text, FIELDS)
    assert part in refused.value.text.en
    assert refused.value.text.zh


@pytest.mark.parametrize(
    ("text", "fields", "expected"),
    [
        ("metadata.name=x", {"metadata.name": "x"}, True),
        ("metadata.name=x", {"metadata.name": "y"}, False),
        ("metadata.name!=x", {"metadata.name": "y"}, True),
        ("metadata.name=x,status.syncStatus!=Failed", {"metadata.name": "x", "status.syncStatus": "Failed"}, False),
        ("status.syncStatus=", {}, True),
        ("status.syncStatus!=Failed", {}, True),
    ],
)
def test_fields_match_and_an_absent_one_counts_as_empty(text: str, fields: dict[str, str], expected: bool) -> None:
    assert selector.parse_fields(text, FIELDS).matches(fields) is expected


@given(st.text(max_size=20))
def test_any_value_can_be_asked_for_with_escapes(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
    assert selector.parse_fields(f"metadata.name={escaped}", FIELDS).terms == (("metadata.name", "=", value),)


def test_a_selector_has_a_hundred_terms_at_most() -> None:
    terms = [f"a{number}" for number in range(selector.MOST_TERMS)]
    assert len(selector.parse_labels(",".join(terms)).requirements) == selector.MOST_TERMS
    assert len(selector.parse_labels(f"a in ({','.join(terms)})").requirements) == 1
    for text in (",".join([*terms, "b"]), f"a in ({','.join(terms)}),b"):
        with pytest.raises(BadRequest):
            selector.parse_labels(text)
    named = ["metadata.name!=x"] * selector.MOST_TERMS
    assert len(selector.parse_fields(",".join(named), FIELDS).terms) == selector.MOST_TERMS
    with pytest.raises(BadRequest):
        selector.parse_fields(",".join([*named, "metadata.name=y"]), FIELDS)


@pytest.mark.parametrize("piece", [" ", "a ", "=", "!", "a,", ",", "(", "\\", "!=", "a\\,"])
def test_a_hostile_selector_costs_no_more_than_its_length(piece: str) -> None:
    """Time per character may not grow: a text sixteen times as long may take sixteen times as long, and some."""

    def read(text: str) -> None:
        with contextlib.suppress(BadRequest):
            selector.parse_labels(text)
        with contextlib.suppress(BadRequest):
            selector.parse_fields(text, FIELDS)

    def seconds(length: int) -> float:
        text = "a" + piece * (length // len(piece))
        return min(timeit.repeat(lambda: read(text), number=1, repeat=3))

    assert seconds(64_000) < 80 * max(seconds(4_000), 0.0002)
