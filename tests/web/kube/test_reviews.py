"""Reviews, as the Kubernetes API server answers them: allowed or not, which rules, who am I, whose token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from imageyard.domain.access import AUTHENTICATED, MASTERS, Actor
from imageyard.domain.kinds import CLUSTER_ROLE, ROLE_BINDING
from imageyard.domain.objects import GROUP
from tests.fakes.asgi import Answer, Client
from tests.web.whole import Server

ADMIN = Actor("root", frozenset({MASTERS, AUTHENTICATED}))
AUTHORIZATION = "/apis/authorization.k8s.io/v1"
AUTHENTICATION = "/apis/authentication.k8s.io/v1"
GET = {"namespace": "default", "verb": "get", "group": GROUP, "resource": "repositories"}


@dataclass
class Yard:
    """A server on which `admin` may everything, and `viewer` is in a group that may read images in `default`."""

    people: Mapping[str, Client]

    def token(self, name: str) -> str:
        return self.people[name].headers["authorization"].removeprefix("Bearer ")

    async def review(self, group: str, kind: str, spec: Mapping[str, Any] | None, *, by: str = "admin") -> Answer:
        body = {"apiVersion": group.removeprefix("/apis/"), "kind": kind} | ({} if spec is None else {"spec": spec})
        return await self.people[by].post(f"{group}/{kind.lower()}s", body)


@pytest.fixture
async def yard(server: Server) -> Yard:
    objects = server.doors.objects
    rule = {"verbs": ["get", "list", "watch"], "apiGroups": [GROUP], "resources": ["repositories"]}
    await objects.create(ADMIN, CLUSTER_ROLE, "", {"metadata": {"name": "reader"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "viewers"},
        "subjects": [{"kind": "Group", "name": "viewers"}],
        "roleRef": {"kind": "ClusterRole", "name": "reader"},
    }
    await objects.create(ADMIN, ROLE_BINDING, "default", binding)
    return Yard({"admin": await server.client("admin", MASTERS), "viewer": await server.client("viewer", "viewers")})


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        ({"user": "admin", "groups": ["system:masters"]}, True),
        ({"user": "viewer", "groups": ["viewers"]}, True),
        ({"user": "viewer"}, False),
    ],
    ids=["master", "by group", "groups are those of the question"],
)
async def test_whether_somebody_may(yard: Yard, who: dict[str, Any], allowed: bool) -> None:
    answer = await yard.review(AUTHORIZATION, "SubjectAccessReview", {**who, "resourceAttributes": GET})
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
async def test_whether_the_caller_may(yard: Yard, attributes: dict[str, Any], allowed: bool) -> None:
    answer = await yard.review(AUTHORIZATION, "SelfSubjectAccessReview", attributes, by="viewer")
    assert (answer.status, answer.json()["status"]) == (201, {"allowed": allowed})


async def test_which_rules_the_caller_has_in_a_namespace(yard: Yard) -> None:
    answer = await yard.review(AUTHORIZATION, "SelfSubjectRulesReview", {"namespace": "default"}, by="viewer")
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
    elsewhere = await yard.review(AUTHORIZATION, "SelfSubjectRulesReview", {"namespace": "other"}, by="viewer")
    assert GROUP not in elsewhere.text


async def test_who_the_caller_is(yard: Yard) -> None:
    answer = (await yard.review(AUTHENTICATION, "SelfSubjectReview", None, by="viewer")).json()
    assert answer.pop("metadata").keys() == {"creationTimestamp"}
    assert answer == {
        "kind": "SelfSubjectReview",
        "apiVersion": "authentication.k8s.io/v1",
        "status": {"userInfo": {"username": "viewer", "groups": ["system:authenticated", "viewers"]}},
    }


async def test_whose_a_token_is(yard: Yard) -> None:
    answer = await yard.review(AUTHENTICATION, "TokenReview", {"token": yard.token("viewer")})
    assert (answer.status, answer.json()["status"]) == (
        201,
        {"authenticated": True, "user": {"username": "viewer", "groups": ["system:authenticated", "viewers"]}},
    )


async def test_a_token_that_is_none_is_said_to_be_none(yard: Yard) -> None:
    answer = await yard.review(AUTHENTICATION, "TokenReview", {"token": "nope"})
    assert (answer.status, answer.json()["status"]) == (201, {"user": {}, "error": "invalid bearer token"})


async def test_a_token_that_was_asked_for_comes_back_nowhere(
    yard: Yard, logged: list[structlog.typing.EventDict]
) -> None:
    for token in (yard.token("viewer"), "iy_mistyped"):
        for spec in ({"token": token}, {"token": {"nested": token}}, {"tokn": token}):
            answer = await yard.review(AUTHENTICATION, "TokenReview", spec)
            assert token not in answer.text + repr(answer.headers) + repr(logged)


async def test_asking_for_others_needs_the_right(yard: Yard) -> None:
    for group, kind, name in (
        (AUTHORIZATION, "SubjectAccessReview", "authorization.k8s.io"),
        (AUTHENTICATION, "TokenReview", "authentication.k8s.io"),
    ):
        answer = await yard.review(group, kind, {"token": "x", "user": "a"}, by="viewer")
        plural = f"{kind.lower()}s"
        assert (answer.status, answer.json()["message"]) == (
            403,
            f'{plural}.{name} is forbidden: User "viewer" cannot create resource "{plural}" in API group "{name}" at '
            "the cluster scope",
        )


async def test_a_local_review_asks_about_the_namespace_of_its_path(yard: Yard) -> None:
    path = f"{AUTHORIZATION}/namespaces/default/localsubjectaccessreviews"
    spec = {"user": "x", "groups": ["viewers"], "resourceAttributes": GET}
    assert (await yard.people["admin"].post(path, {"spec": spec})).json()["status"] == {"allowed": True}
    elsewhere = {
        "metadata": {"namespace": "other"},
        "spec": {**spec, "resourceAttributes": {**GET, "namespace": "other"}},
    }
    answer = await yard.people["admin"].post(path, elsewhere)
    assert (answer.status, answer.json()["details"]["causes"][0]["field"]) == (
        422,
        "spec.resourceAttributes.namespace",
    )
    assert (await yard.people["viewer"].post(path, {"spec": spec})).status == 403


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
    yard: Yard, kind: str, spec: dict[str, Any], field: str
) -> None:
    answer = await yard.review(AUTHORIZATION, kind, spec)
    assert (answer.status, [cause["field"] for cause in answer.json()["details"]["causes"]]) == (422, [field])


async def test_reviews_can_only_be_created(yard: Yard) -> None:
    client, path = yard.people["admin"], f"{AUTHORIZATION}/selfsubjectaccessreviews"
    assert (await client.get(path)).status == 405
    assert (await client.get(f"{path}/one")).status == 404


async def test_a_stranger_gets_nothing(yard: Yard) -> None:
    stranger = Client(yard.people["admin"].app)
    for path in (
        "/api/v1/namespaces",
        f"{AUTHORIZATION}/selfsubjectaccessreviews",
        "/apis/rbac.authorization.k8s.io/v1/roles",
    ):
        answer = await stranger.get(path)
        assert (answer.status, answer.json()["message"]) == (401, "Unauthorized")


async def test_a_list_in_one_namespace_shows_nothing_of_another(yard: Yard) -> None:
    viewer, images = yard.people["viewer"], f"/apis/{GROUP}/v1alpha1"
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


async def test_roles_and_bindings_are_read_as_kubernetes_has_them(yard: Yard) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/viewers"
    binding = (await yard.people["admin"].get(path)).json()
    assert binding["subjects"] == [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": "viewers"}]
    assert binding["roleRef"] == {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"}
    listed = (await yard.people["admin"].get("/apis/rbac.authorization.k8s.io/v1/clusterroles")).json()
    assert listed["kind"] == "ClusterRoleList"
    assert "system:discovery" in {role["metadata"]["name"] for role in listed["items"]}


async def test_a_review_may_come_as_protobuf_as_kubectl_sends_it(yard: Yard) -> None:
    """The body of `kubectl auth can-i --list` (kubectl 1.37)."""
    kind, namespace = b"SelfSubjectRulesReview", b"default"
    type_ = b"\x0a\x17authorization.k8s.io/v1" + b"\x12" + bytes([len(kind)]) + kind
    review = b"\x12" + bytes([len(namespace) + 2]) + b"\x0a" + bytes([len(namespace)]) + namespace
    body = b"k8s\x00\x0a" + bytes([len(type_)]) + type_ + b"\x12" + bytes([len(review)]) + review
    answer = await yard.people["viewer"].post(
        f"{AUTHORIZATION}/selfsubjectrulesreviews",
        body,
        headers={
            "content-type": "application/vnd.kubernetes.protobuf",
            "accept": "application/vnd.kubernetes.protobuf,application/json",
        },
    )
    assert (answer.status, answer.headers["content-type"]) == (201, "application/json")
    assert GROUP in answer.text
