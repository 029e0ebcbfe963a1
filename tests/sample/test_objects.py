"""The sample objects are what the API takes, and show what they promise."""

from typing import Any

import pytest

from imageyard.domain import document
from imageyard.domain.kinds import BY_PLURAL
from imageyard.domain.objects import ANNOTATION
from imageyard.domain.secret import Secret
from imageyard.sample import catalogue, moving, objects
from imageyard.sample.objects import Credentials
from imageyard.sample.storage import Storage
from tests.fakes.clock import FakeClock

ADDRESS = "127.0.0.1:5051"
PASSWORD = "a sample password"
DOCUMENTS = objects.documents(ADDRESS, Credentials("demo", Secret(PASSWORD)))
EACH = [pytest.param(*entry, id=f"{entry[1]}/{entry[2]['metadata']['name']}") for entry in DOCUMENTS]


def named(plural: str) -> dict[tuple[str, str], dict[str, Any]]:
    return {(ns, body["metadata"]["name"]): body["spec"] for kind, ns, body in DOCUMENTS if kind == plural}


@pytest.mark.parametrize(("plural", "namespace", "body"), EACH)
def test_each_object_is_valid(plural: str, namespace: str, body: dict[str, Any]) -> None:
    kind = BY_PLURAL[plural]
    read = document.read(kind, body)
    assert (read.causes, read.unknown) == ([], [])
    assert read.object is not None
    assert kind.validate(read.object, None) == []
    assert body["metadata"]["namespace"] == namespace
    assert body["metadata"]["annotations"].keys() == {ANNOTATION + "display-name", ANNOTATION + "description"}


def test_names_are_used_once() -> None:
    keys = [(plural, namespace, body["metadata"]["name"]) for plural, namespace, body in DOCUMENTS]
    assert len(set(keys)) == len(keys)


def test_every_image_refers_to_a_sample_source_and_sources_come_first() -> None:
    sources = named("registrysecrets")
    for spec in named("repositories").values():
        assert (spec["registryRef"]["namespace"], spec["registryRef"]["name"]) in sources
    assert [plural for plural, _, _ in DOCUMENTS] == sorted((p for p, _, _ in DOCUMENTS), reverse=False)


def test_every_image_but_the_missing_tag_is_in_the_registry() -> None:
    storage = Storage()
    catalogue.fill(storage)
    moving.Nightly(storage).build_now(FakeClock().now())
    for (_, name), spec in named("repositories").items():
        tags = storage.repository(spec["repository"]).tags
        assert (spec["tag"] in tags) is (name != "nginx-missing-tag")


def test_one_reference_across_namespaces_is_permitted_and_one_is_not() -> None:
    sources, repositories = named("registrysecrets"), named("repositories")
    allowed = {
        name: "edge"
        in sources[(spec["registryRef"]["namespace"], spec["registryRef"]["name"])].get("allowedNamespaces", [])
        for (namespace, name), spec in repositories.items()
        if namespace != spec["registryRef"]["namespace"]
    }
    assert allowed == {"nginx-shared": True, "redis-not-shared": False}


def test_only_working_sources_hold_the_password() -> None:
    right = {name for (_, name), spec in named("registrysecrets").items() if spec["password"] == PASSWORD}
    assert right == {"sample-token", "sample-basic", "edge-sample"}
