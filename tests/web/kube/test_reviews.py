"""Reviews, as the Kubernetes API server answers them: allowed or not, which rules, who am I, whose token."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from imageyard.domain.access import AUTHENTICATED, MASTERS, Actor
from imageyard.domain.kinds import CLUSTER_ROLE, KINDS, ROLE_BINDING
from imageyard.domain.objects import GROUP
from imageyard.keyring.aead import AeadKeyring
from imageyard.metrics import Metrics
from imageyard.service import builtin_roles
from imageyard.service.objects import Objects
from imageyard.service.requests import SyncRequests
from imageyard.service.roles import Roles
from imageyard.service.tokens import Tokens
from imageyard.service.verify import Verifier
from imageyard.store.sqlite.store import SQLiteStore
from imageyard.web import app
from tests.fakes.asgi import Answer, Client
from tests.fakes.clock import FakeClock
from tests.web.conftest import HOSTS

ADMIN = Actor("root", frozenset({MASTERS, AUTHENTICATED}))
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
GET = {"namespace": "default", "verb": "get", "group": GROUP, "resource": "repositories"}


@dataclass
class Server:
    """A server whose token `viewer` is in the group `viewers`, which may read images in `default`."""

    application: Any
    tokens: dict[str, str]

    def client(self, name: str) -> Client:
        return Client(self.application, {"authorization": f"Bearer {self.tokens[name]}"})

    async def review(self, group: str, kind: str, spec: Mapping[str, Any] | None, *, by: str = "admin") -> Answer:
        body = {"apiVersion": f"{group.removeprefix('/apis/')}", "kind": kind} | (
            {} if spec is None else {"spec": spec}
        )
        return await self.client(by).post(f"{group}/{kind.lower()}s", body)


async def no_rotation() -> tuple[str, int]:
    raise NotImplementedError("these tests rotate no keys")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    clock, keyring = FakeClock(), AeadKeyring({"k": bytes(32)}, "k")
    async with SQLiteStore.open(tmp_path, KINDS, now=clock.now) as store:
        roles, tokens = Roles(store), Tokens(store, clock)
        objects = Objects(store, keyring, clock, grants=roles.grants, role_rules=roles.rules)
        await tokens.load()
        await builtin_roles.ensure(store, clock)
        await roles.load()
        await objects.ensure_default()
        rule = {"verbs": ["get", "list", "watch"], "apiGroups": [GROUP], "resources": ["repositories"]}
        await objects.create(ADMIN, CLUSTER_ROLE, "", {"metadata": {"name": "reader"}, "rules": [rule]})
        binding = {
            "metadata": {"name": "viewers"},
            "subjects": [{"kind": "Group", "name": "viewers"}],
            "roleRef": {"kind": "ClusterRole", "name": "reader"},
        }
        await objects.create(ADMIN, ROLE_BINDING, "default", binding)
        await roles.load()
        given = {
            name: (await tokens.create(name, name, groups, None)).reveal()
            for name, groups in (("admin", [MASTERS]), ("viewer", ["viewers"]))
        }
        doors = app.Doors(
            objects=objects,
            verifier=cast(Verifier, None),
            sync_requests=cast(SyncRequests, None),
            tokens=tokens,
            metrics=Metrics(),
            clock=clock,
            rotate_keys=no_rotation,
            ready=lambda: {},
            version="0.1.0",
            stopping=asyncio.Event(),
            allowed_hosts=HOSTS.__contains__,
        )
        yield Server(app.build(doors), given)


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ({"user": "admin", "groups": ["system:masters"]}, True),
        ({"user": "viewer", "groups": ["viewers"]}, True),
        ({"user": "viewer"}, False),
    ],
    ids=["master", "by group", "groups are those of the question"],
)
async def test_whether_somebody_may(server: Server, who: dict[str, Any], allowed: bool) -> None:
    answer = await server.review(AUTHORIZATION, "SubjectAccessReview", {**who, "resourceAttributes": GET})
    assert (answer.status, answer.json()) == (
        201,
        {
            "kind": "SubjectAccessReview",
            "apiVersion": "authorization.k8s.io/v1",
            "metadata": {},
            "spec": {"resourceAttributes": GET, **who},
            "status": {"allowed": allowed},
        },
    )


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ({"resourceAttributes": GET}, True),
        ({"resourceAttributes": {**GET, "verb": "create"}}, False),
        ({"resourceAttributes": {**GET, "namespace": "other"}}, False),
        ({"resourceAttributes": {**GET, "namespace": ""}}, False),
        ({"resourceAttributes": {**GET, "subresource": "sync"}}, False),
        ({"nonResourceAttributes": {"path": "/apis/x", "verb": "get"}}, True),
        ({"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}, False),
    ],
    ids=["held", "other verb", "other namespace", "all namespaces", "subresource", "discovery", "metrics"],
)
async def test_whether_the_caller_may(server: Server, attributes: dict[str, Any], allowed: bool) -> None:
    answer = await server.review(AUTHORIZATION, "SelfSubjectAccessReview", attributes, by="viewer")
    assert (answer.status, answer.json()["status"]) == (201, {"allowed": allowed})


async def test_which_rules_the_caller_has_in_a_namespace(server: Server) -> None:
    answer = await server.review(AUTHORIZATION, "SelfSubjectRulesReview", {"namespace": "default"}, by="viewer")
    status = answer.json()["status"]
    assert answer.status == 201
    assert status["incomplete"] is False
    assert sorted(status["resourceRules"], key=str) == sorted(
        [
            {"verbs": ["get", "list", "watch"], "apiGroups": [GROUP], "resources": ["repositories"]},
            {
                "verbs": ["create"],
                "apiGroups": ["authorization.k8s.io"],
                "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
            },
            {"verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"]},
        ],
        key=str,
    )
    [urls] = status["nonResourceRules"]
    assert urls["verbs"] == ["get"]
    assert {"/api", "/apis/*", "/openapi/*", "/version"} <= {*urls["nonResourceURLs"]}
    elsewhere = await server.review(AUTHORIZATION, "SelfSubjectRulesReview", {"namespace": "other"}, by="viewer")
    assert GROUP not in elsewhere.text


async def test_who_the_caller_is(server: Server) -> None:
    answer = (await server.review(AUTHENTICATION, "SelfSubjectReview", None, by="viewer")).json()
    assert answer.pop("metadata").keys() == {"creationTimestamp"}
    assert answer == {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "status": {"userInfo": {"username": "viewer", "groups": ["system:authenticated", "viewers"]}},
    }


async def test_whose_a_token_is(server: Server) -> None:
    answer = await server.review(AUTHENTICATION, "TokenReview", {"token": server.tokens["viewer"]})
    assert (answer.status, answer.json()["status"]) == (
        201,
        {"authenticated": True, "user": {"username": "viewer", "groups": ["system:authenticated", "viewers"]}},
    )


async def test_a_token_that_is_none_is_said_to_be_none(server: Server) -> None:
    answer = await server.review(AUTHENTICATION, "TokenReview", {"token": "nope"})
    assert (answer.status, answer.json()["status"]) == (201, {"user": {}, "error": "invalid bearer token"})


async def test_a_token_that_was_asked_for_comes_back_nowhere(
    server: Server, logged: list[structlog.typing.EventDict]
) -> None:
    for token in (server.tokens["viewer"], "iy_mistyped"):
        for spec in ({"token": token}, {"token": {"nested": token}}, {"tokn": token}):
            answer = await server.review(AUTHENTICATION, "TokenReview", spec)
            assert token not in answer.text + repr(answer.headers) + repr(logged)


async def test_asking_for_others_needs_the_right(server: Server) -> None:
    for group, kind, name in (
        (AUTHORIZATION, "SubjectAccessReview", "authorization.k8s.io"),
        (AUTHENTICATION, "TokenReview", "authentication.k8s.io"),
    ):
        answer = await server.review(group, kind, {"token": "x", "user": "a"}, by="viewer")
        plural = f"{kind.lower()}s"
        assert (answer.status, answer.json()["message"]) == (
            403,
            f'{plural}.{name} is forbidden: User "viewer" cannot create resource "{plural}" in API group "{name}" at '
            "the cluster scope",
        )


async def test_a_local_review_asks_about_the_namespace_of_its_path(server: Server) -> None:
    path = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
    spec = {"user": "x", "groups": ["viewers"], "resourceAttributes": GET}
    assert (await server.client("admin").post(path, {"spec": spec})).json()["status"] == {"allowed": True}
    elsewhere = {
        "metadata": {"namespace": "other"},
        "spec": {**spec, "resourceAttributes": {**GET, "namespace": "other"}},
    }
    answer = await server.client("admin").post(path, elsewhere)
    assert (answer.status, answer.json()["details"]["causes"][0]["field"]) == (
        422,
        "spec.resourceAttributes.namespace",
    )
    assert (await server.client("viewer").post(path, {"spec": spec})).status == 403


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("SelfSubjectAccessReview", {}, "spec.resourceAttributes"),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": GET, "nonResourceAttributes": {"path": "/x", "verb": "get"}},
            "spec.nonResourceAttributes",
        ),
        ("SubjectAccessReview", {"resourceAttributes": GET}, "spec.user"),
        ("SubjectAccessReview", {"user": 7, "resourceAttributes": GET}, "spec.user"),
        ("SelfSubjectRulesReview", {}, "spec.namespace"),
    ],
)
async def test_a_question_that_says_too_little_or_too_much_is_invalid(
    server: Server, kind: str, spec: dict[str, Any], field: str
) -> None:
    answer = await server.review(AUTHORIZATION, kind, spec)
    assert (answer.status, [cause["field"] for cause in answer.json()["details"]["causes"]]) == (422, [field])


async def test_reviews_can_only_be_created(server: Server) -> None:
    client, path = server.client("admin"), f"{AUTHORIZATION}/selfsubjectaccessreviews"
    assert (await client.get(path)).status == 405
    assert (await client.get(f"{path}/one")).status == 404


async def test_a_stranger_gets_nothing(server: Server) -> None:
    stranger = Client(server.application)
    for path in (
        "/api/v1/namespaces",
        f"{AUTHORIZATION}/selfsubjectaccessreviews",
        "/apis/rbac.authorization.k8s.io/v1/roles",
    ):
        answer = await stranger.get(path)
        assert (answer.status, answer.json()["message"]) == (401, "Unauthorized")


async def test_a_list_in_one_namespace_shows_nothing_of_another(server: Server) -> None:
    viewer, images = server.client("viewer"), f"/apis/{GROUP}/v1alpha1"
    assert (await viewer.get(f"{images}/namespaces/default/repositories")).status == 200
    for path, where in (
        (f"{images}/namespaces/other/repositories", 'in the namespace "other"'),
        (f"{images}/repositories", "at the cluster scope"),
    ):
        answer = (await viewer.get(path)).json()
        assert answer == {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": f'repositories.{GROUP} is forbidden: User "viewer" cannot list resource "repositories" in API '
            f'group "{GROUP}" {where}',
            "reason": "Forbidden",
            "details": {"group": GROUP, "kind": "repositories"},
            "code": 403,
        }


async def test_roles_and_bindings_are_read_as_kubernetes_has_them(server: Server) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/viewers"
    binding = (await server.client("admin").get(path)).json()
    assert binding["subjects"] == [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "viewers"}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}
    listed = (await server.client("admin").get("/apis/rbac.authorization.k8s.io/v1/clusterroles")).json()
    assert listed["kind"] == "ClusterRoleList"
    assert "system:discovery" in {role["metadata"]["name"] for role in listed["items"]}


async def test_a_review_may_come_as_protobuf_as_kubectl_sends_it(server: Server) -> None:
    """The body of `kubectl auth can-i --list` (kubectl 1.37)."""
    kind, namespace = b"SelfSubjectRulesReview", b"default"
    type_ = b"\x0a\x17authorization.k8s.io/v1" + b"\x12" + bytes([len(kind)]) + kind
    review = b"\x12" + bytes([len(namespace) + 2]) + b"\x0a" + bytes([len(namespace)]) + namespace
    body = b"k8s\x00\x0a" + bytes([len(type_)]) + type_ + b"\x12" + bytes([len(review)]) + review
    answer = await server.client("viewer").post(
        f"{AUTHORIZATION}/selfsubjectrulesreviews",
        body,
        headers={
            "content-type": "application/vnd.kubernetes.protobuf",
            "accept": "application/vnd.kubernetes.protobuf,application/json",
        },
    )
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert GROUP in answer.text
