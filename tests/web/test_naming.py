"""What a request is about, told from its path: in our own words, and in names that objects can have."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.audit import ObjectRef
from imageyard.web import naming
from imageyard.web.naming import HIDDEN
from tests.web.samples import DIGEST, IMAGES, NAMESPACES, PREFIX

GROUP: Final = "image.theriseunion.io"
KUBE: Final = f"/apis/{GROUP}/v1alpha1"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
PASTED: Final = "Not_A_Name"


def ref(resource: str, namespace: str = "", name: str = "", subresource: str = "") -> ObjectRef:
    return ObjectRef(resource, namespace, name, GROUP, "v1alpha1", subresource)


@pytest.mark.parametrize(
    ("method", "path", "verb", "about"),
    [
        ("GET", IMAGES, "list", ref("repositories", "default")),
        ("HEAD", f"{IMAGES}/web", "get", ref("repositories", "default", "web")),
        ("POST", f"{IMAGES}/web/sync", "create", ref("repositories", "default", "web", "sync")),
        ("GET", f"{IMAGES}/web/manifests/{DIGEST}", "get", ref("repositories", "default", "web", "manifests")),
        ("DELETE", f"{KUBE}/namespaces/a/repositories", "deletecollection", ref("repositories", "a")),
        ("PUT", f"{KUBE}/namespaces/a/repositories/b/status", "update", ref("repositories", "a", "b", "status")),
        ("GET", f"{KUBE}/repositories", "list", ref("repositories")),
        ("GET", f"{NAMESPACES}/_all_/repositories", "list", ref("repositories")),
        ("PUT", IMAGES, "put", ref("repositories", "default")),
        ("POST", "/admin/v1/keys/rotate", "create", ObjectRef("keys", subresource="rotate")),
        ("DELETE", "/admin/v1/keys/0a1b2c3d", "delete", ObjectRef("keys", name="0a1b2c3d")),
        ("GET", "/admin/v1/keys", "get", ObjectRef("keys")),
        ("GET", "/admin/v1/audit", "get", ObjectRef("audit")),
        ("DELETE", "/admin/v1/tokens/ci", "delete", ObjectRef("accesstokens", "", "ci", "imageyard.internal", "v1")),
        ("POST", "/console/images/a/b/sync", "create", ref("repositories", "a", "b", "sync")),
        ("POST", "/console/images/a/b/suspend", "patch", ref("repositories", "a", "b")),
        ("POST", "/console/sources/a/b/delete", "delete", ref("registrysecrets", "a", "b")),
        ("POST", "/console/sources/a/b/verify", "create", ref("registrysecrets", "a", "b", "verify")),
        ("GET", "/console/sources/a/b/delete", "get", ref("registrysecrets", "a", "b")),
        ("GET", "/console/images/a/b", "get", ref("repositories", "a", "b")),
        ("PUT", "/console/images/a/b", "put", ref("repositories", "a", "b")),
        ("GET", "/console/", "get", ObjectRef("overview")),
        ("POST", "/console/sign-in", "create", ObjectRef("accesstokens", "", "", "imageyard.internal", "v1")),
        ("POST", "/console/sign-out", "delete", ObjectRef("accesstokens", "", "", "imageyard.internal", "v1")),
        ("GET", "/metrics", "get", None),
        ("GET", "/livez", "get", None),
    ],
)
def test_paths_of_the_doors_are_shown_as_they_are(method: str, path: str, verb: str, about: ObjectRef | None) -> None:
    named = naming.of(method, path)
    assert (named.verb, named.uri, named.ref) == (verb, path, about)


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (f"{IMAGES}/{PASTED}", f"{IMAGES}/{HIDDEN}"),
        (f"{IMAGES}/web/manifests/{PASTED}", f"{IMAGES}/web/manifests/{HIDDEN}"),
        (f"{NAMESPACES}/{PASTED}/repositories/{PASTED}", f"{NAMESPACES}/{HIDDEN}/repositories/{HIDDEN}"),
        (f"{RBAC}/clusterroles/{PASTED}", f"{RBAC}/clusterroles/{HIDDEN}"),
        (f"{RBAC}/clusterroles/system:basic-user", f"{RBAC}/clusterroles/system:basic-user"),
        (f"/admin/v1/keys/{'0a' * 32}", f"/admin/v1/keys/{HIDDEN}"),
        (f"/admin/v1/tokens/{PASTED}", f"/admin/v1/tokens/{HIDDEN}"),
        (f"/admin/v1/tokens/{PASTED}/x", "/admin/…"),
        (f"{PREFIX}/{PASTED}", "/oapis/…"),
        (f"{KUBE}/{PASTED}", "/apis/…"),
        (f"/console/images/{PASTED}/{PASTED}", f"/console/images/{HIDDEN}/{HIDDEN}"),
        (f"/console/images/a/{PASTED}/sync", f"/console/images/a/{HIDDEN}/sync"),
        (f"/console/{PASTED}", "/console/…"),
        (f"/{PASTED}", "/…"),
        (PASTED, "/…"),
        ("", "/…"),
    ],
)
def test_what_is_no_name_is_not_shown(path: str, uri: str) -> None:
    named = naming.of("GET", path)
    assert named.uri == uri
    assert named.ref is None or PASTED not in (named.ref.name, named.ref.namespace)


def test_a_choice_of_language_is_no_change() -> None:
    assert naming.of("POST", "/console/preferences").question


@given(
    st.sampled_from(
        [
            "",
            "/",
            f"{IMAGES}/",
            f"{NAMESPACES}/",
            f"{KUBE}/namespaces/",
            f"{RBAC}/roles/",
            "/admin/v1/",
            "/console/images/",
        ]
    ),
    st.text(max_size=2_000),
)
def test_whatever_the_path_little_is_shown_and_no_underscore_that_is_not_ours(beginning: str, rest: str) -> None:
    named = naming.of("POST", beginning + rest)
    assert len(named.uri) < 1_000
    assert "_" not in named.uri.replace("/_all_/", "")


@given(st.text(max_size=500))
def test_a_user_agent_is_shown_in_part_and_on_one_line(header: str) -> None:
    shown = naming.agent(header)
    assert len(shown) <= 200
    assert shown.isprintable()
