"""Who may: every use case asks, in Kubernetes' words, the same for what exists and what does not."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import access
from imageyard.domain.access import AUTHENTICATED, Action, Actor, Grant, Rule
from imageyard.domain.errors import Forbidden
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.objects import GROUP
from imageyard.service.objects import Patch
from imageyard.service.rights import Rights
from imageyard.store import Query
from tests.service.conftest import ADMIN, NOBODY, Service, a_source, an_image

ANN = Actor("ann", frozenset({AUTHENTICATED}))
Use = Callable[[Service, str], Awaitable[object]]

USES: dict[str, Use] = {
    "create": lambda s, name: s.objects.create(NOBODY, REPOSITORY, "default", an_image(name)),
    "get": lambda s, name: s.objects.get(NOBODY, REPOSITORY, "default", name),
    "update": lambda s, name: s.objects.replace(NOBODY, REPOSITORY, "default", name, an_image(name)),
    "patch": lambda s, name: s.objects.patch(NOBODY, REPOSITORY, "default", name, Patch("merge", {})),
    "delete": lambda s, name: s.objects.delete(NOBODY, REPOSITORY, "default", name),
    "delete names": lambda s, name: s.objects.delete_names(NOBODY, REPOSITORY, "default", [name]),
    "history": lambda s, name: s.objects.history(NOBODY, REPOSITORY, "default", name),
    "manifest": lambda s, name: s.manifests.read(NOBODY, "default", name, "sha256:" + "0" * 64),
    "sync": lambda s, name: s.requests.sync(NOBODY, "default", name),
    "preview": lambda s, name: s.requests.preview(NOBODY, "default", name, {}),
    "verify": lambda s, name: s.verifier.by_request(NOBODY, "default", name, {}),
}


def grant(
    service: Service, verbs: str, resource: str, namespace: str = "", names: frozenset[str] = frozenset()
) -> None:
    rule = Rule(frozenset(verbs.split()), frozenset({resource}), frozenset({GROUP}), names)
    service.grants.append(Grant("User:ann", (rule,), namespace))


@pytest.mark.parametrize("use", USES.values(), ids=list(USES))
async def test_without_the_right_the_answer_is_the_same_for_what_exists_and_what_does_not(
    service: Service, use: Use
) -> None:
    await service.add_source("exists")
    await service.add_image("exists")
    words = []
    for name in ("exists", "missing"):
        with pytest.raises(Forbidden) as raised:
            await use(service, name)
        words.append(raised.value.text)
    assert words[0] == words[1]


async def test_a_refusal_speaks_as_kubernetes_does(service: Service) -> None:
    with pytest.raises(Forbidden) as raised:
        await service.objects.list(NOBODY, REPOSITORY, Query(namespaces=frozenset({"default"})))
    assert raised.value.text.en == (
        'User "nobody" cannot list resource "repositories" in API group "image.theriseunion.io" '
        'in the namespace "default"'
    )
    assert "nobody" in raised.value.text.zh


async def test_a_list_of_all_namespaces_needs_the_right_in_all(service: Service) -> None:
    grant(service, "list", "repositories", "default")
    await service.objects.list(ANN, REPOSITORY, Query(namespaces=frozenset({"default"})))
    with pytest.raises(Forbidden, match="at the cluster scope"):
        await service.objects.list(ANN, REPOSITORY, Query())


async def test_a_watch_of_all_namespaces_needs_the_right_in_all(service: Service) -> None:
    grant(service, "watch", "repositories", "default")
    service.objects.watch(ANN, REPOSITORY, namespace="default", since=None, bookmarks=False)
    with pytest.raises(Forbidden):
        service.objects.watch(ANN, REPOSITORY, namespace=None, since=None, bookmarks=False)


async def test_namespaces_are_those_in_which_either_kind_may_be_listed(service: Service) -> None:
    for namespace in ("team-c", "team-a", "team-b"):
        await service.add_image(namespace=namespace)
    grant(service, "list", "repositories", "team-a")
    grant(service, "list", "registrysecrets", "team-b")
    assert await service.objects.namespaces(ANN) == ["team-a", "team-b"]
    assert await service.objects.namespaces(NOBODY) == []
    assert await service.objects.namespaces(ADMIN) == ["default", "team-a", "team-b", "team-c"]


async def test_names_that_may_not_be_deleted_are_told_beside_those_that_may(service: Service) -> None:
    await service.add_image("mine")
    await service.add_image("theirs")
    grant(service, "delete", "repositories", "default", frozenset({"mine"}))
    removed = await service.objects.delete_names(ANN, REPOSITORY, "default", ["mine", "theirs"])
    assert [(each.name, each.success, each.reason) for each in removed] == [
        ("mine", True, ""),
        ("theirs", False, "Forbidden"),
    ]


async def test_a_new_grant_takes_effect_at_once(service: Service) -> None:
    await service.add_source()
    with pytest.raises(Forbidden):
        await service.objects.get(ANN, REGISTRY_SECRET, "default", "harbor")
    grant(service, "get", "registrysecrets")
    await service.objects.get(ANN, REGISTRY_SECRET, "default", "harbor")


async def test_testing_before_saving_needs_the_right_to_create(service: Service) -> None:
    grant(service, "create", "registrysecrets/verify")
    body = {**a_source()["spec"]}
    with pytest.raises(Forbidden, match=r"create resource .registrysecrets. "):
        await service.verifier.by_request(ANN, "default", "new", body)
    grant(service, "create", "registrysecrets")
    await service.verifier.by_request(ANN, "default", "new", body)


VERBS, NAMES, PLACES = ("get", "delete", "*"), ("", "one", "two"), ("", "team-a", "team-b")
NONE = frozenset({""})
RULES = st.builds(
    Rule,
    st.frozensets(st.sampled_from(VERBS), min_size=1),
    st.just(frozenset({"repositories"})),
    st.just(frozenset({GROUP})),
    st.frozensets(st.sampled_from(NAMES)),
)
HELD = st.builds(
    Grant,
    st.sampled_from(("User:ann", "User:ben")),
    st.tuples(RULES) | st.tuples(RULES, RULES),
    st.sampled_from(PLACES),
)
ASKED = st.builds(
    Action, st.sampled_from(VERBS[:2]), st.just("repositories"), st.sampled_from(PLACES), st.sampled_from(NAMES)
)


@given(st.lists(st.tuples(st.lists(HELD, max_size=3).map(tuple), st.lists(ASKED, max_size=8)), max_size=4))
def test_what_was_answered_before_never_changes_an_answer(rounds: list[tuple[tuple[Grant, ...], list[Action]]]) -> None:
    now: list[tuple[Grant, ...]] = [()]
    rights = Rights(lambda actor: now[0])
    for grants, asked in rounds:
        now[0] = grants
        for action in asked:
            assert rights.can(ANN, action) is access.allows(ANN, action, grants)


def test_a_right_to_no_name_is_none_to_every_name() -> None:
    grants = (Grant("User:ann", (Rule(frozenset({"get"}), frozenset({"repositories"}), frozenset({GROUP}), NONE),)),)
    rights = Rights(lambda actor: grants)
    assert rights.can(ANN, Action("get", "repositories", "team-a"))
    assert not rights.can(ANN, Action("get", "repositories", "team-a", "one"))
