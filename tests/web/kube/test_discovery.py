"""Discovery: what kubectl finds, in the shapes that a Kubernetes API server of 1.36 answers."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from imageyard.domain.kinds import NAMESPACE, REPOSITORY
from imageyard.web.kube import discovery, resources
from imageyard.web.kube.document import Document
from imageyard.web.kube.resources import RESOURCES, GroupVersion

ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
IMAGES = "/apis/image.theriseunion.io/v1alpha1"


def read(document: Document) -> Any:
    return msgspec.json.decode(document.body)


def plain(path: str) -> Any:
    return read(discovery.plain()[path])


def test_the_core_group_has_one_version() -> None:
    assert plain("/api") == {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def test_each_group_names_its_versions_and_the_one_to_prefer() -> None:
    version = {"groupVersion": "image.theriseunion.io/v1alpha1", "version": "v1alpha1"}
    group = {"name": "image.theriseunion.io", "versions": [version], "preferredVersion": version}
    assert plain("/apis/image.theriseunion.io") == {"kind": "APIGroup", "apiVersion": "v1", **group}
    listed = plain("/apis")
    assert (listed["kind"], listed["apiVersion"]) == ("APIGroupList", "v1")
    assert group in listed["groups"]
    assert "" not in {each["name"] for each in listed["groups"]}


def test_the_product_s_resources_are_listed_with_their_subresources() -> None:
    listed = plain(IMAGES)
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", "image.theriseunion.io/v1alpha1")
    entries = {each["name"]: each for each in listed["resources"]}
    assert entries["repositories"] == {
        "name": "repositories",
        "singularName": "repository",
        "namespaced": True,
        "kind": "Repository",
        "verbs": ALL_VERBS,
        "shortNames": ["imgs"],
        "categories": ["imageyard"],
        "storageVersionHash": "I8Wqj3iY/Pk=",
    }
    assert entries["repositories/status"] == {
        "name": "repositories/status",
        "singularName": "",
        "namespaced": True,
        "kind": "Repository",
        "verbs": ["get", "patch", "update"],
    }
    assert entries["registrysecrets"]["storageVersionHash"] == "k1/rRtFZRXI="
    assert entries["repositories/sync"]["verbs"] == ["create"]
    assert entries["registrysecrets/verify"]["verbs"] == ["create"]


def test_namespaces_are_not_deleted_as_a_whole() -> None:
    [events, namespaces, status] = plain("/api/v1")["resources"]
    assert "deletecollection" in events["verbs"]
    assert namespaces == {
        "name": "namespaces",
        "singularName": "namespace",
        "namespaced": False,
        "kind": "Namespace",
        "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
        "shortNames": ["ns"],
        "storageVersionHash": "Q3oi5N2YM8M=",
    }
    assert status["name"] == "namespaces/status"


def test_reviews_can_only_be_created() -> None:
    for group in ("authentication.k8s.io", "authorization.k8s.io"):
        entries = plain(f"/apis/{group}/v1")["resources"]
        assert entries
        assert all(each["verbs"] == ["create"] for each in entries)
        assert [each["name"] for each in entries if each["namespaced"]] in ([], ["localsubjectaccessreviews"])
        assert not any("storageVersionHash" in each for each in entries)


def test_access_tokens_are_shown_nowhere() -> None:
    everything = [*discovery.plain().values(), *discovery.aggregated("v2").values()]
    assert not any(b"accesstoken" in each.body.lower() for each in everything)


@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_aggregated_discovery_has_everything_in_two_documents(form: discovery.Format) -> None:
    found = discovery.aggregated(form)
    assert {*found} == {"/api", "/apis"}
    for document in found.values():
        assert document.media_type == f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
        assert read(document)["apiVersion"] == f"apidiscovery.k8s.io/{form}"
        assert read(document)["kind"] == "APIGroupDiscoveryList"
    kind = {"group": "image.theriseunion.io", "version": "v1alpha1", "kind": "Repository"}
    [group] = [each for each in read(found["/apis"])["items"] if each["metadata"]["name"] == "image.theriseunion.io"]
    assert group["versions"][0]["resources"][1] == {
        "resource": "repositories",
        "responseKind": kind,
        "scope": "Namespaced",
        "singularResource": "repository",
        "verbs": ALL_VERBS,
        "shortNames": ["imgs"],
        "categories": ["imageyard"],
        "subresources": [
            {"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]},
            {"subresource": "sync", "responseKind": kind, "verbs": ["create"]},
        ],
    }
    [core] = read(found["/api"])["items"]
    assert core["metadata"] == {}
    assert [each["scope"] for each in core["versions"][0]["resources"]] == ["Namespaced", "Cluster"]


def test_both_forms_of_discovery_tell_the_same() -> None:
    aggregated = {
        (group["metadata"].get("name", ""), version["version"], resource["resource"])
        for document in discovery.aggregated("v2").values()
        for group in read(document)["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
    assert aggregated == {(each.at.group, each.at.version, each.plural) for each in RESOURCES}
    for at in resources.group_versions():
        names = {each["name"] for each in plain(at.path)["resources"] if "/" not in each["name"]}
        assert {(at.group, at.version, name) for name in names} == {each for each in aggregated if each[:2] == at}


def test_a_new_kind_needs_one_row_to_be_found() -> None:
    policies = replace(NAMESPACE, name="Policy", plural="policies", singular="policy", group="image.theriseunion.io")
    served = (*RESOURCES, resources.stored(policies))
    found = msgspec.json.decode(discovery.plain(served)["/apis/image.theriseunion.io/v1"].body)
    assert [each["name"] for each in found["resources"]] == ["policies", "policies/status"]
    [group] = [
        each
        for each in msgspec.json.decode(discovery.plain(served)["/apis"].body)["groups"]
        if each["name"] == "image.theriseunion.io"
    ]
    assert [each["version"] for each in group["versions"]] == ["v1", "v1alpha1"]


def test_a_kind_can_be_shown_in_a_second_group() -> None:
    again = resources.stored(REPOSITORY, GroupVersion("other.example.com", "v1"))
    found = msgspec.json.decode(discovery.plain((again,))["/apis/other.example.com/v1"].body)
    assert found["groupVersion"] == "other.example.com/v1"


def test_documents_are_the_same_bytes_at_every_start() -> None:
    before = discovery.plain()["/apis"]
    discovery.plain.cache_clear()
    assert discovery.plain()["/apis"] == before
    assert before.etag == f'"{before.hash}"'
    assert len(before.hash) == 128
