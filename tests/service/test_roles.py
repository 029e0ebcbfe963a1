"""Roles and bindings kept as objects: what they grant, from which moment on, and who may write them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from imageyard.domain import selector
from imageyard.domain.access import AUTHENTICATED, MASTERS, RBAC, Actor
from imageyard.domain.errors import Corrupt, Forbidden, Invalid, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, NAMESPACE, REPOSITORY, ROLE, ROLE_BINDING
from imageyard.domain.kinds.cluster_role import ClusterRole
from imageyard.domain.kinds.cluster_role_binding import ClusterRoleBinding
from imageyard.domain.objects import GROUP
from imageyard.domain.text import Text
from imageyard.keyring.aead import AeadKeyring
from imageyard.service import builtin_roles
from imageyard.service.admission import Options
from imageyard.service.objects import Objects, Patch
from imageyard.service.roles import Roles
from imageyard.store import Page, Query, Store
from tests.fakes.clock import FakeClock
from tests.service.conftest import ADMIN, Json, an_image

ANN = Actor("ann", frozenset({AUTHENTICATED}))
READ = {"verbs": ["get", "list"], "apiGroups": [GROUP], "resources": ["repositories"]}
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
WRITE_ROLES = {
    "verbs": ["create", "update", "patch"],
    "apiGroups": [RBAC],
    "resources": ["roles", "rolebindings", "clusterroles"],
}


class Yard:
    """The use cases over a store whose roles are followed, with short ways to say what tests say often."""

    def __init__(self, store: Store, roles: Roles, objects: Objects) -> None:
        self.store = store
        self.roles = roles
        self.objects = objects

    async def role(
        self, name: str, *rules: Json, namespace: str = "", actor: Actor = ADMIN, labels: dict[str, str] | None = None
    ) -> None:
        body = {"metadata": {"name": name, "labels": labels or {}}, "rules": list(rules)}
        await self.objects.create(actor, ROLE if namespace else CLUSTER_ROLE, namespace, body)

    async def bind(
        self,
        name: str,
        role: str,
        namespace: str = "",
        *,
        kind: str = "ClusterRole",
        who: Json | None = None,
        actor: Actor = ADMIN,
    ) -> None:
        body = {
            "metadata": {"name": name},
            "subjects": [who or {"kind": "User", "name": "ann"}],
            "roleRef": {"kind": kind, "name": role},
        }
        await self.objects.create(actor, ROLE_BINDING if namespace else CLUSTER_ROLE_BINDING, namespace, body)

    def may(self, actor: Actor, verb: str, namespace: str, kind: Kind[Any] = REPOSITORY, name: str = "") -> bool:
        return self.objects.rights.allows(actor, verb, kind, namespace, name)


async def following(store: Store, clock: FakeClock) -> tuple[Yard, asyncio.Task[None]]:
    """A server that has just started."""
    roles = Roles(store, clock)
    objects = Objects(
        store, AeadKeyring({"k": bytes(range(32))}, "k"), clock, grants=roles.grants, role_rules=roles.rules
    )
    await builtin_roles.ensure(store, clock)
    await objects.ensure_default()
    await roles.load()
    task = asyncio.create_task(roles.watch())
    await asyncio.sleep(0)
    return Yard(store, roles, objects), task


@pytest.fixture
async def yard(store: Store, clock: FakeClock) -> AsyncIterator[Yard]:
    made, task = await following(store, clock)
    yield made
    task.cancel()


async def test_a_binding_counts_from_the_moment_its_write_is_answered(yard: Yard) -> None:
    await yard.role("reader", READ)
    assert not yard.may(ANN, "list", "team-a")
    await yard.bind("readers", "reader", "team-a")
    assert yard.may(ANN, "list", "team-a")


async def test_a_right_in_one_namespace_shows_nothing_of_another(yard: Yard) -> None:
    for namespace in ("team-a", "team-b"):
        await yard.objects.create(ADMIN, REPOSITORY, namespace, an_image())
    await yard.role("reader", READ)
    await yard.bind("readers", "reader", "team-a")
    await yard.objects.get(ANN, REPOSITORY, "team-a", "nginx")
    for asked in (frozenset({"team-b"}), frozenset({"team-a", "team-b"}), None):
        with pytest.raises(Forbidden):
            await yard.objects.list(ANN, REPOSITORY, Query(namespaces=asked))
    assert await yard.objects.namespaces(ANN) == ["team-a"]


async def test_a_right_is_gone_when_its_binding_is(yard: Yard) -> None:
    await yard.role("reader", READ)
    await yard.bind("readers", "reader", "team-a")
    await yard.bind("all-readers", "reader")
    await yard.objects.delete(ADMIN, CLUSTER_ROLE_BINDING, "", "all-readers")
    assert not yard.may(ANN, "list", "team-b")
    await yard.objects.delete(ADMIN, ROLE_BINDING, "team-a", "readers")
    assert not yard.may(ANN, "list", "team-a")


async def test_a_right_is_gone_with_its_namespace(yard: Yard) -> None:
    await yard.role("reader", READ)
    await yard.bind("readers", "reader", "team-a")
    await yard.objects.delete(ADMIN, NAMESPACE, "", "team-a")
    assert not yard.may(ANN, "list", "team-a")


async def test_what_a_role_grants_follows_the_role(yard: Yard) -> None:
    await yard.bind("readers", "reader", "team-a")
    assert not yard.may(ANN, "list", "team-a")
    await yard.role("reader", READ)
    assert yard.may(ANN, "list", "team-a")
    await yard.objects.patch(ADMIN, CLUSTER_ROLE, "", "reader", Patch("merge", {"rules": []}))
    assert not yard.may(ANN, "list", "team-a")


async def test_who_is_taken_out_of_a_binding_loses_the_right(yard: Yard) -> None:
    await yard.role("reader", READ)
    await yard.bind("readers", "reader")
    someone = {"subjects": [{"kind": "User", "name": "ben"}]}
    await yard.objects.patch(ADMIN, CLUSTER_ROLE_BINDING, "", "readers", Patch("merge", someone))
    assert not yard.may(ANN, "list", "team-a")
    assert yard.may(Actor("ben", frozenset()), "list", "team-a")


async def test_rights_are_the_same_after_a_restart(yard: Yard, store: Store, clock: FakeClock) -> None:
    await yard.role("reader", READ)
    await yard.bind("readers", "reader", "team-a")
    again, task = await following(store, clock)
    assert again.may(ANN, "list", "team-a")
    assert not again.may(ANN, "list", "team-b")
    task.cancel()


@pytest.mark.parametrize(
    ("subject", "actor"),
    [
        ({"kind": "User", "name": "robot"}, Actor("robot", frozenset())),
        ({"kind": "Group", "name": "team"}, Actor("x", frozenset({"team"}))),
        ({"kind": "ServiceAccount", "name": "ci", "namespace": "b"}, Actor("system:serviceaccount:b:ci", frozenset())),
        ({"kind": "ServiceAccount", "name": "ci"}, Actor("system:serviceaccount:team-a:ci", frozenset())),
    ],
    ids=["user", "group", "service account", "service account of the binding's namespace"],
)
async def test_a_binding_reaches_its_subjects(yard: Yard, subject: dict[str, str], actor: Actor) -> None:
    await yard.role("reader", READ, namespace="team-a")
    await yard.bind("readers", "reader", "team-a", kind="Role", who=subject)
    assert yard.may(actor, "list", "team-a")
    assert not yard.may(actor, "list", "team-b")
    assert not yard.may(ANN, "list", "team-a")


async def test_a_role_reaches_no_binding_of_another_namespace(yard: Yard) -> None:
    await yard.role("reader", READ, namespace="team-a")
    await yard.bind("readers", "reader", "team-b", kind="Role")
    assert not yard.may(ANN, "list", "team-b")


async def test_a_role_gathers_what_its_selectors_match(yard: Yard) -> None:
    rule = {"clusterRoleSelectors": [{"matchLabels": {"gather": "yes"}}]}
    body = {"metadata": {"name": "gatherer"}, "aggregationRule": rule, "rules": [EVERYTHING]}
    await yard.objects.create(ADMIN, CLUSTER_ROLE, "", body)
    await yard.bind("gatherers", "gatherer", "team-a")
    assert not yard.may(ANN, "list", "team-a")
    await yard.role("reader", READ, labels={"gather": "yes"})
    assert yard.may(ANN, "list", "team-a")
    assert not yard.may(ANN, "delete", "team-a")


async def test_a_right_within_a_namespace_reaches_the_namespace_itself(yard: Yard) -> None:
    await yard.role("keeper", {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["namespaces"]})
    await yard.bind("keepers", "keeper", "default")
    await yard.objects.get(ANN, NAMESPACE, "", "default")
    with pytest.raises(Forbidden, match='in the namespace "other"'):
        await yard.objects.get(ANN, NAMESPACE, "", "other")
    with pytest.raises(Forbidden, match="at the cluster scope"):
        await yard.objects.list(ANN, NAMESPACE, Query())


async def test_a_right_to_one_name_lists_and_watches_that_name(yard: Yard) -> None:
    for name in ("nginx", "other"):
        await yard.objects.create(ADMIN, REPOSITORY, "team-a", an_image(name))
    rule = {"verbs": ["list", "watch"], "apiGroups": [GROUP], "resources": ["repositories"], "resourceNames": ["nginx"]}
    await yard.role("one", rule)
    await yard.bind("ones", "one", "team-a")
    mine, others = (
        selector.parse_fields(f"metadata.name={name}", frozenset({"metadata.name"})) for name in ("nginx", "other")
    )
    page = await yard.objects.list(ANN, REPOSITORY, Query(namespaces=frozenset({"team-a"}), fields=mine))
    assert [stored.key.name for stored in page.items] == ["nginx"]
    yard.objects.demand_watch(ANN, REPOSITORY, "team-a", mine)
    for fields in (others, None):
        with pytest.raises(Forbidden):
            await yard.objects.list(ANN, REPOSITORY, Query(namespaces=frozenset({"team-a"}), fields=fields))
        with pytest.raises(Forbidden):
            yard.objects.demand_watch(ANN, REPOSITORY, "team-a", fields)


async def test_masters_may_everything_whatever_roles_say(yard: Yard) -> None:
    await yard.objects.delete(ADMIN, CLUSTER_ROLE_BINDING, "", "cluster-admin")
    await yard.objects.delete(ADMIN, CLUSTER_ROLE, "", "cluster-admin")
    assert yard.may(Actor("x", frozenset({MASTERS})), "delete", "", CLUSTER_ROLE)


LACKING = (
    'user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
    '{APIGroups:["*"], Resources:["*"], Verbs:["*"]}'
)


@pytest.fixture
async def role_writer(yard: Yard) -> Yard:
    """ann may write roles and bindings in team-a and read its images; everything else is beyond her."""
    await yard.role("role-writer", WRITE_ROLES, READ)
    await yard.bind("role-writers", "role-writer", "team-a")
    await yard.role("almighty", EVERYTHING)
    return yard


async def test_nobody_makes_a_role_that_may_more_than_he(role_writer: Yard) -> None:
    await role_writer.role("reader", READ, namespace="team-a", actor=ANN)
    with pytest.raises(Forbidden) as refused:
        await role_writer.role("more", EVERYTHING, namespace="team-a", actor=ANN)
    assert refused.value.text.en == LACKING
    assert (refused.value.kind, refused.value.name) == ("role", "more")


async def test_nobody_adds_to_a_role_what_he_does_not_have(role_writer: Yard) -> None:
    await role_writer.role("reader", READ, namespace="team-a", actor=ANN)
    for change in (
        role_writer.objects.patch(ANN, ROLE, "team-a", "reader", Patch("merge", {"rules": [READ, EVERYTHING]})),
        role_writer.objects.replace(
            ANN, ROLE, "team-a", "reader", {"metadata": {"name": "reader"}, "rules": [EVERYTHING]}
        ),
    ):
        with pytest.raises(Forbidden, match="not currently held"):
            await change
    fewer = {"rules": [{**READ, "verbs": ["get"]}]}
    await role_writer.objects.patch(ANN, ROLE, "team-a", "reader", Patch("merge", fewer))


async def test_nobody_applies_a_role_that_may_more_than_he(role_writer: Yard) -> None:
    options = Options(unknown="warn", create_namespace=False, manager="kubectl", lifecycle="take")
    for rules in ([EVERYTHING], [READ]):
        config = {
            "apiVersion": f"{RBAC}/v1",
            "kind": "Role",
            "metadata": {"name": "reader", "namespace": "team-a"},
            "rules": rules,
        }
        if rules == [READ]:
            await role_writer.objects.apply(ANN, ROLE, "team-a", "reader", config, options)
        else:
            with pytest.raises(Forbidden, match="not currently held"):
                await role_writer.objects.apply(ANN, ROLE, "team-a", "reader", config, options)
    with pytest.raises(Forbidden, match="not currently held"):
        await role_writer.objects.apply(ANN, ROLE, "team-a", "reader", {**config, "rules": [EVERYTHING]}, options)


async def test_a_rehearsal_grants_nothing(role_writer: Yard) -> None:
    rehearsed = Options(create_namespace=False, dry_run=True)
    body = {"metadata": {"name": "up"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}}
    await role_writer.role("reader", {**READ, "verbs": ["delete"]})
    subjects = {"subjects": [{"kind": "User", "name": "ann"}]}
    await role_writer.objects.create(ADMIN, ROLE_BINDING, "team-a", {**body, **subjects}, rehearsed)
    assert not role_writer.may(ANN, "delete", "team-a")


async def test_nobody_binds_a_role_that_may_more_than_he(role_writer: Yard) -> None:
    with pytest.raises(Forbidden, match="not currently held"):
        await role_writer.bind("up", "almighty", "team-a", actor=ANN)
    with pytest.raises(NotFound, match="nowhere"):
        await role_writer.bind("up", "nowhere", "team-a", actor=ANN)
    await role_writer.role("reader", READ)
    await role_writer.bind("readers", "reader", "team-a", actor=ANN)


async def test_nobody_adds_people_to_a_binding_of_a_role_that_may_more_than_he(role_writer: Yard) -> None:
    await role_writer.bind("chiefs", "almighty", "team-a", who={"kind": "User", "name": "boss"})
    me = {"subjects": [{"kind": "User", "name": "ann"}]}
    with pytest.raises(Forbidden, match="not currently held"):
        await role_writer.objects.patch(ANN, ROLE_BINDING, "team-a", "chiefs", Patch("merge", me))


async def test_a_label_by_which_other_roles_gather_is_given_like_a_right(role_writer: Yard) -> None:
    await role_writer.bind("role-writers", "role-writer")
    gather = Patch("merge", {"metadata": {"labels": {"gather": "yes"}}})
    with pytest.raises(Forbidden, match="not currently held"):
        await role_writer.objects.patch(ANN, CLUSTER_ROLE, "", "almighty", gather)


async def test_a_role_that_gathers_is_written_by_those_who_may_everything(role_writer: Yard) -> None:
    await role_writer.bind("role-writers", "role-writer")
    rule = {"clusterRoleSelectors": [{"matchLabels": {"gather": "yes"}}]}
    with pytest.raises(Forbidden, match="not currently held"):
        await role_writer.objects.create(
            ANN, CLUSTER_ROLE, "", {"metadata": {"name": "gatherer"}, "aggregationRule": rule}
        )


@pytest.mark.parametrize(("verb", "resource"), [("escalate", "roles"), ("bind", "clusterroles")])
async def test_who_may_escalate_or_bind_may_give_what_he_does_not_have(
    role_writer: Yard, verb: str, resource: str
) -> None:
    await role_writer.role("lift", {"verbs": [verb], "apiGroups": [RBAC], "resources": [resource]})
    await role_writer.bind("lifted", "lift", "team-a")
    if verb == "escalate":
        await role_writer.role("more", EVERYTHING, namespace="team-a", actor=ANN)
    else:
        await role_writer.bind("up", "almighty", "team-a", actor=ANN)


async def test_the_role_of_a_binding_stays(yard: Yard) -> None:
    await yard.bind("readers", "reader", "team-a")
    changed = {"roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "edit"}}
    with pytest.raises(Invalid) as refused:
        await yard.objects.patch(ADMIN, ROLE_BINDING, "team-a", "readers", Patch("merge", changed))
    [cause] = refused.value.causes
    assert (cause.field, cause.reason, cause.text.en) == ("roleRef", "FieldValueInvalid", "cannot change roleRef")


async def stored(store: Store, kind: Kind[Any], name: str) -> Any:
    return kind.decode((await store.get(kind, "", name)).body)


async def test_built_in_roles_are_objects(yard: Yard) -> None:
    viewer: ClusterRole = await stored(yard.store, CLUSTER_ROLE, "image-viewer")
    assert viewer.metadata.labels == {"kubernetes.io/bootstrapping": "rbac-defaults"}
    assert yard.may(Actor("x", frozenset({"image-viewer"})), "list", "anywhere")
    assert not yard.may(Actor("x", frozenset({"image-viewer"})), "delete", "anywhere")


async def test_a_start_mends_built_in_roles_and_keeps_what_was_added(
    yard: Yard, store: Store, clock: FakeClock
) -> None:
    await yard.objects.patch(ADMIN, CLUSTER_ROLE, "", "image-viewer", Patch("merge", {"rules": [WRITE_ROLES]}))
    others = {"subjects": [{"kind": "User", "name": "ann"}]}
    await yard.objects.patch(ADMIN, CLUSTER_ROLE_BINDING, "", "image-viewer", Patch("merge", others))
    await yard.objects.delete(ADMIN, CLUSTER_ROLE, "", "image-operator")
    await builtin_roles.ensure(store, clock)
    mended: ClusterRole = await stored(store, CLUSTER_ROLE, "image-viewer")
    assert [sorted(rule.verbs) for rule in mended.rules or []] == [
        ["create", "patch", "update"],
        ["get", "list", "watch"],
        ["get", "list", "watch"],
    ]
    binding: ClusterRoleBinding = await stored(store, CLUSTER_ROLE_BINDING, "image-viewer")
    assert [subject.name for subject in binding.subjects] == ["ann", "image-viewer"]
    assert yard.may(Actor("x", frozenset({"image-operator"})), "create", "anywhere")
    version = await store.resource_version()
    await builtin_roles.ensure(store, clock)
    assert await store.resource_version() == version


async def test_a_start_leaves_what_somebody_keeps_to_himself(yard: Yard, store: Store, clock: FakeClock) -> None:
    own = {"metadata": {"annotations": {builtin_roles.AUTOUPDATE: "false"}}, "subjects": []}
    await yard.objects.patch(ADMIN, CLUSTER_ROLE_BINDING, "", "image-viewer", Patch("merge", own))
    await builtin_roles.ensure(store, clock)
    assert not yard.may(Actor("x", frozenset({"image-viewer"})), "list", "anywhere")


async def test_roles_that_cannot_be_read_grant_nothing_until_they_can(store: Store, clock: FakeClock) -> None:
    class Unwell:
        """The store while its disk fails, for who lists bindings."""

        broken = True

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        async def list(self, kind: Kind[Any], query: Query) -> Page:
            if self.broken and kind is ROLE_BINDING:
                raise Corrupt(Text("已损坏", "damaged"))
            return await store.list(kind, query)

    sound, task = await following(store, clock)
    await sound.role("reader", READ)
    await sound.bind("readers", "reader", "team-a")
    task.cancel()
    unwell = Unwell()
    yard, task = await following(cast(Store, unwell), clock)
    assert not yard.may(ANN, "list", "team-a")
    assert yard.may(ADMIN, "list", "team-a")
    unwell.broken = False
    await clock.advance(10)
    async with asyncio.timeout(5):
        while not yard.may(ANN, "list", "team-a"):  # noqa: ASYNC110 - a thread reads the disk
            await asyncio.sleep(0.001)
    task.cancel()


async def test_each_of_many_bindings_made_at_once_counts(yard: Yard) -> None:
    await yard.role("reader", READ)
    await asyncio.gather(*(yard.bind(f"b{n}", "reader", f"team-{n}") for n in range(50)))
    assert all(yard.may(ANN, "list", f"team-{n}") for n in range(50))
