"""Which rights of a role somebody lacks, and how the API server writes them."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import access, escalation
from imageyard.domain.access import Action, Actor, Grant, Rule


def rule(verbs: str, resources: str = "", groups: str = "g", names: str = "", paths: str = "") -> Rule:
    """Lists written with spaces; the core group is `core`."""
    said = [frozenset(text.split()) for text in (verbs, resources, groups if resources else "", names, paths)]
    return Rule(said[0], said[1], frozenset("" if each == "core" else each for each in said[2]), said[3], said[4])


@pytest.mark.parametrize(
    ("held", "wanted", "lacking"),
    [
        ([rule("get", "a")], rule("get", "a"), []),
        ([rule("*", "*", "*")], rule("get delete", "a b/c", "g core", "x"), []),
        ([rule("get", "a"), rule("list", "a")], rule("get list", "a"), []),
        ([rule("get", "a"), rule("list", "b")], rule("get list", "a b"), [rule("list", "a"), rule("get", "b")]),
        ([rule("get", "a")], rule("get", "a/status"), [rule("get", "a/status")]),
        ([rule("get", "*/status")], rule("get", "a/status"), []),
        ([rule("get", "*/status")], rule("get", "a"), [rule("get", "a")]),
        ([rule("get", "a")], rule("get", "*"), [rule("get", "*")]),
        ([rule("get", "a")], rule("*", "a"), [rule("*", "a")]),
        ([rule("get", "a", "g h")], rule("get", "a", "g core"), [rule("get", "a", "core")]),
        ([rule("get", "a")], rule("get", "a", names="x"), []),
        ([rule("get", "a", names="x y")], rule("get", "a", names="x z"), [rule("get", "a", names="z")]),
        ([rule("get", "a", names="x")], rule("get", "a"), [rule("get", "a")]),
        ([rule("get", "a", names="x"), rule("get", "a", names="y")], rule("get", "a", names="x y"), []),
        ([rule("get", paths="/api/*")], rule("get", paths="/api/v1 /api/*"), []),
        ([rule("get", paths="/api/*")], rule("get", paths="/apis/*"), [rule("get", paths="/apis/*")]),
        ([rule("get", paths="/metrics")], rule("get", paths="*"), [rule("get", paths="*")]),
        ([rule("*", paths="*")], rule("post", paths="/admin/*"), []),
        ([rule("*", "*", "*")], rule("get", paths="/metrics"), [rule("get", paths="/metrics")]),
        ([], rule("get list", "a"), [rule("get list", "a")]),
    ],
)
def test_what_is_lacking_is_told_by_resource(held: list[Rule], wanted: Rule, lacking: list[Rule]) -> None:
    assert sorted(escalation.missing(held, [wanted])) == sorted(lacking)


VERBS, GROUPS, RESOURCES, NAMES = ("get", "list"), ("", "g"), ("a", "a/s"), ("x", "y")


def some(values: tuple[str, ...], least: int = 1) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), min_size=least)


rules = st.builds(
    Rule,
    some((*VERBS, "*")),
    some((*RESOURCES, "*", "*/s")),
    some((*GROUPS, "*")),
    st.just(frozenset()) | some(NAMES),
    st.just(frozenset()),
)


@given(held=st.lists(rules, max_size=4), wanted=st.lists(rules, max_size=3))
def test_who_lacks_nothing_may_do_whatever_the_role_may(held: list[Rule], wanted: list[Rule]) -> None:
    """The promise behind it all: what is let pass adds no action to what somebody may already do."""
    if escalation.missing(held, wanted):
        return
    actor = Actor("ann", frozenset())
    before, after = ([Grant("User:ann", tuple(some))] for some in (held, wanted))
    for verb, group, resource, name in itertools.product(
        (*VERBS, "z"), (*GROUPS, "z"), (*RESOURCES, "z"), (*NAMES, "")
    ):
        action = Action(verb, resource, "", name, group)
        assert access.allows(actor, action, before) or not access.allows(actor, action, after)


def test_lacking_rights_are_written_as_the_api_server_writes_them() -> None:
    assert escalation.describe(rule("get list", "pods", "core", "x")) == (
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["x"], Verbs:["get" "list"]}'
    )
    assert escalation.describe(rule("get", paths="/metrics")) == '{NonResourceURLs:["/metrics"], Verbs:["get"]}'


def test_the_largest_rules_are_compared_in_time_and_told_in_few_lines() -> None:
    many = frozenset(str(n) for n in range(250))
    started = time.process_time()
    lacking = escalation.missing([rule("get", "a")] * 20, [Rule(many, many, many, many)] * 20)
    assert len(lacking) == escalation.SHOWN
    assert time.process_time() - started < 2
