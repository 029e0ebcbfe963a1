"""Rights: the four built-in roles, and the semantics of rules as RBAC has them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import access
from imageyard.domain.access import Action, Actor, Grant, Rule

GRANTS = access.builtin_grants()
VERBS = ("get", "list", "watch", "create", "update", "patch", "delete", "deletecollection")
RESOURCES = (
    "registrysecrets",
    "registrysecrets/status",
    "registrysecrets/verify",
    "repositories",
    "repositories/status",
    "repositories/sync",
)
READS = {(verb, resource) for verb in ("get", "list", "watch") for resource in RESOURCES if "/" not in resource} | {
    (verb, f"{resource}/status")
    for verb in ("get", "list", "watch")
    for resource in ("registrysecrets", "repositories")
}
ALLOWED = {
    "system:masters": set(itertools.product(VERBS, RESOURCES)),
    "image-admin": set(itertools.product(VERBS, RESOURCES)),
    "image-operator": READS
    | {(verb, "repositories") for verb in ("create", "update", "patch")}
    | {("create", "repositories/sync")},
    "image-viewer": READS,
    "system:authenticated": set(),
    "somebody-else": set(),
}


def actor(*groups: str, user: str = "zhang") -> Actor:
    return Actor(user, frozenset({access.AUTHENTICATED, *groups}))


@pytest.mark.parametrize("group", ALLOWED)
@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("namespace", ["", "team-a"])
def test_each_role_may_what_its_row_says_and_nothing_else(group: str, resource: str, verb: str, namespace: str) -> None:
    expected = (verb, resource) in ALLOWED[group]
    assert access.allows(actor(group), Action(verb, resource, namespace, "x"), GRANTS) is expected


@pytest.mark.parametrize("group", ["image-admin", "image-operator", "image-viewer", "system:authenticated"])
def test_roles_for_images_reach_nothing_beyond_images(group: str) -> None:
    for action in (
        Action("list", "secrets", group=""),
        Action("get", "namespaces", name="default", group=""),
        Action("get", "repositories", group="other.io"),
        Action("get", "accesstokens", group="imageyard.internal"),
        Action("get", "", group="", path="/metrics"),
    ):
        assert not access.allows(actor(group), action, GRANTS)


def test_masters_may_everything() -> None:
    for action in (
        Action("delete", "namespaces", name="a", group=""),
        Action("escalate", "anything/below", group="any.io"),
        Action("get", "", group="", path="/metrics"),
    ):
        assert access.allows(actor(access.MASTERS), action, GRANTS)


def test_nobody_may_anything_without_a_grant() -> None:
    assert not access.allows(actor(access.MASTERS), Action("get", "repositories"), ())


def test_the_address_of_a_caller_gives_no_right() -> None:
    here, there = (Actor("a", frozenset({"image-viewer"}), address) for address in ("127.0.0.1", "192.0.2.1"))
    action = Action("get", "repositories", "a", "b")
    assert access.allows(here, action, GRANTS)
    assert access.allows(there, action, GRANTS)


GET = frozenset({"get"})
GROUP = frozenset({"image.theriseunion.io"})


def rule(**changes: frozenset[str]) -> Rule:
    return Rule(**{"verbs": GET, "resources": frozenset({"repositories"}), "groups": GROUP, **changes})


@pytest.mark.parametrize(
    ("grant", "action", "expected"),
    [
        pytest.param(Grant("User:zhang", (rule(),)), Action("get", "repositories", "a", "x"), True, id="by user"),
        pytest.param(Grant("User:li", (rule(),)), Action("get", "repositories", "a", "x"), False, id="other user"),
        pytest.param(Grant("Group:team", (rule(),)), Action("get", "repositories", "a", "x"), True, id="by group"),
        pytest.param(Grant("Group:zhang", (rule(),)), Action("get", "repositories"), False, id="a user is no group"),
        pytest.param(Grant("User:team", (rule(),)), Action("get", "repositories"), False, id="a group is no user"),
        pytest.param(
            Grant("User:zhang", (rule(),), "a"), Action("get", "repositories", "a", "x"), True, id="own namespace"
        ),
        pytest.param(
            Grant("User:zhang", (rule(),), "a"), Action("get", "repositories", "b", "x"), False, id="other namespace"
        ),
        pytest.param(
            Grant("User:zhang", (rule(),), "a"), Action("get", "repositories"), False, id="one namespace is not all"
        ),
        pytest.param(
            Grant("User:zhang", (rule(verbs=frozenset({"*"})),)), Action("sing", "repositories"), True, id="any verb"
        ),
        pytest.param(Grant("User:zhang", (rule(),)), Action("list", "repositories"), False, id="other verb"),
        pytest.param(
            Grant("User:zhang", (rule(resources=frozenset({"*"})),)),
            Action("get", "repositories/sync"),
            True,
            id="any resource has its subresources",
        ),
        pytest.param(
            Grant("User:zhang", (rule(),)), Action("get", "repositories/sync"), False, id="a resource has not"
        ),
        pytest.param(
            Grant("User:zhang", (rule(resources=frozenset({"*/sync"})),)),
            Action("get", "repositories/sync"),
            True,
            id="a subresource of any",
        ),
        pytest.param(
            Grant("User:zhang", (rule(resources=frozenset({"*/"})),)), Action("get", "repositories"), False, id="slash"
        ),
        pytest.param(
            Grant("User:zhang", (rule(groups=frozenset({"*"})),)),
            Action("get", "repositories", group=""),
            True,
            id="any API group",
        ),
        pytest.param(
            Grant("User:zhang", (rule(groups=frozenset()),)), Action("get", "repositories"), False, id="no API group"
        ),
        pytest.param(
            Grant("User:zhang", (rule(names=frozenset({"x"})),)),
            Action("get", "repositories", "a", "x"),
            True,
            id="name",
        ),
        pytest.param(
            Grant("User:zhang", (rule(names=frozenset({"x"})),)),
            Action("get", "repositories", "a", "y"),
            False,
            id="no",
        ),
        pytest.param(
            Grant("User:zhang", (rule(names=frozenset({"x"})),)),
            Action("get", "repositories", "a"),
            False,
            id="names do not cover a request without one",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"/metrics"})),)),
            Action("get", "", group="", path="/metrics"),
            True,
            id="path",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"/metrics"})),)),
            Action("get", "", group="", path="/metrics/x"),
            False,
            id="path below",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"/debug/*"})),)),
            Action("get", "", group="", path="/debug/x"),
            True,
            id="path pattern",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"/debug/*"})),)),
            Action("get", "", group="", path="/debug"),
            False,
            id="path pattern wants the slash",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"*"})),), "a"),
            Action("get", "", "a", group="", path="/metrics"),
            False,
            id="no path by a grant in a namespace",
        ),
        pytest.param(
            Grant("User:zhang", (Rule(GET, paths=frozenset({"*"})),)),
            Action("get", "repositories"),
            False,
            id="a path rule covers no resource",
        ),
        pytest.param(
            Grant("User:zhang", (rule(resources=frozenset({"*"})),)),
            Action("get", "", group="", path="/metrics"),
            False,
            id="a resource rule covers no path",
        ),
    ],
)
def test_rules_mean_what_they_mean_in_kubernetes(grant: Grant, action: Action, expected: bool) -> None:
    assert access.allows(actor("team"), action, [grant]) is expected


def test_one_grant_is_enough() -> None:
    grants = [Grant("User:li", (rule(),)), Grant("User:zhang", (rule(verbs=frozenset({"list"})), rule()))]
    assert access.allows(actor(), Action("get", "repositories"), grants)


WORDS = ("get", "sync", "x", "*")
rules = st.builds(
    Rule,
    st.frozensets(st.sampled_from(WORDS)),
    st.frozensets(st.sampled_from(("repositories", "repositories/sync", "*/sync", "*"))),
    st.frozensets(st.sampled_from(("", "g", "*"))),
    st.frozensets(st.sampled_from(("a", "b"))),
    st.frozensets(st.sampled_from(("/metrics", "/admin/*", "*"))),
)
grants = st.builds(
    Grant,
    st.sampled_from(("User:zhang", "Group:system:authenticated", "Group:other")),
    st.lists(rules, max_size=3).map(tuple),
    st.sampled_from(("", "team-a")),
)
actions = st.one_of(
    st.builds(
        Action,
        st.sampled_from(WORDS),
        st.sampled_from(("repositories", "repositories/sync")),
        st.sampled_from(("", "team-a", "team-b")),
        st.sampled_from(("", "a")),
        st.sampled_from(("", "g")),
    ),
    st.builds(lambda verb, path: Action(verb, "", group="", path=path), st.sampled_from(WORDS), st.just("/metrics")),
)


@given(st.lists(grants, max_size=4), actions)
def test_there_is_a_reason_for_whatever_is_allowed_and_none_for_the_rest(held: list[Grant], action: Action) -> None:
    reasons = access.explain(actor(), action, held)
    assert bool(reasons) is access.allows(actor(), action, held)
    for grant, rule in reasons:
        assert rule in grant.rules
        assert access.allows(actor(), action, [grant._replace(rules=(rule,))])


def test_a_reason_names_the_binding_and_its_role() -> None:
    (reason,) = access.explain(actor("image-operator"), Action("create", "repositories/sync", "team-a"), GRANTS)
    assert (reason.grant.binding, reason.grant.role) == (
        "ClusterRoleBinding/image-operator",
        "ClusterRole/image-operator",
    )
    assert reason.grant.subject == "Group:image-operator"
