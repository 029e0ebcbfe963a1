"""The Kubernetes API's OpenAPI documents: complete, consistent, and what kubectl looks for in them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from imageyard.domain.kinds import KINDS, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Layer, Manifest, Platform, Repository, RepositoryStatus
from imageyard.domain.objects import Condition, Object
from imageyard.web.kube import resources
from imageyard.web.kube.openapi import docstrings, v2, v3
from imageyard.web.kube.resources import RESOURCES, GroupVersion
from tests.domain.samples import image, source

OURS = GroupVersion("image.theriseunion.io", "v1alpha1")
CORE = GroupVersion("", "v1")
IMAGES = "/apis/image.theriseunion.io/v1alpha1/namespaces/{namespace}/repositories"
META = "io.k8s.apimachinery.pkg.apis.meta.v1"
METHODS = {"list": "get", "create": "post", "update": "put", "get": "get", "patch": "patch", "delete": "delete"}
each_document = pytest.mark.parametrize("at", resources.group_versions(), ids=lambda at: at.name)


def document(at: GroupVersion = OURS) -> Any:
    return json.loads(v3.documents()[f"/openapi/v3{at.path}"].body)


def swagger() -> Any:
    return json.loads(v2.swagger().body)


def operations(paths: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    return (
        (path, method, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method != "parameters"
    )


def schema_of(kind: str) -> Any:
    return document()["components"]["schemas"][f"io.theriseunion.image.v1alpha1.{kind}"]


def validate(kind: str, value: Any) -> None:
    whole = DRAFT202012.create_resource(document())
    library: Registry[Any] = Registry().with_resource("doc:", whole)
    pointer = f"doc:#/components/schemas/io.theriseunion.image.v1alpha1.{kind}"
    Draft202012Validator({"$ref": pointer}, registry=library).validate(value)


def test_the_index_leads_to_each_document_by_its_hash() -> None:
    documents = v3.documents()
    paths = json.loads(documents["/openapi/v3"].body)["paths"]
    assert {*paths} == {at.path[1:] for at in resources.group_versions()}
    for each in paths.values():
        path, _, found = each["serverRelativeURL"].partition("?hash=")
        assert documents[path].hash == found


@each_document
def test_every_reference_leads_somewhere(at: GroupVersion) -> None:
    for whole in (document(at), swagger()):
        for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(whole)):
            place = whole
            for part in reference.split("/"):
                place = place[part]


@each_document
def test_operations_are_named_once_and_take_what_their_path_names(at: GroupVersion) -> None:
    paths = document(at)["paths"]
    identifiers = [operation["operationId"] for _, _, operation in operations(paths)]
    assert len(identifiers) == len({*identifiers})
    for path, item in paths.items():
        named = {each["name"] for each in item["parameters"] if each["in"] == "path"}
        assert named == {*re.findall(r"{(\w+)}", path)}


@each_document
def test_every_verb_that_is_served_has_an_operation(at: GroupVersion) -> None:
    paths = document(at)["paths"]
    for resource in resources.within(at):
        inside = f"{at.path}/namespaces/{{namespace}}" if resource.namespaced else at.path
        collection = f"{inside}/{resource.plural}"
        one = f"{collection}/{{name}}"
        for verb in {*resource.verbs} - {"watch", "deletecollection"}:
            assert METHODS[verb] in paths[collection if verb in ("list", "create") else one]
        assert ("delete" in paths[collection]) == ("deletecollection" in resource.verbs)
        for subresource in resource.subresources:
            offered = {METHODS[verb] for verb in subresource.verbs}
            assert {*paths[f"{one}/{subresource.name}"]} == {*offered, "parameters"}


def test_operations_are_named_as_kubernetes_names_them() -> None:
    paths = document()["paths"]
    everywhere = paths["/apis/image.theriseunion.io/v1alpha1/repositories"]
    assert everywhere["get"]["operationId"] == "listImageTheriseunionIoV1alpha1RepositoryForAllNamespaces"
    collection, one, status = paths[IMAGES], paths[f"{IMAGES}/{{name}}"], paths[f"{IMAGES}/{{name}}/status"]
    assert {
        operation["operationId"].replace("ImageTheriseunionIoV1alpha1", "…"): operation["x-kubernetes-action"]
        for item in (collection, one, status)
        for method, operation in item.items()
        if method != "parameters"
    } == {
        "list…NamespacedRepository": "list",
        "create…NamespacedRepository": "post",
        "delete…CollectionNamespacedRepository": "deletecollection",
        "read…NamespacedRepository": "get",
        "replace…NamespacedRepository": "put",
        "patch…NamespacedRepository": "patch",
        "delete…NamespacedRepository": "delete",
        "read…NamespacedRepositoryStatus": "get",
        "replace…NamespacedRepositoryStatus": "put",
        "patch…NamespacedRepositoryStatus": "patch",
    }
    assert collection["get"]["tags"] == ["imageTheriseunionIo_v1alpha1"]
    assert document(CORE)["paths"]["/api/v1/namespaces"]["get"]["operationId"] == "listCoreV1Namespace"
    assert document(CORE)["paths"]["/api/v1/namespaces"]["get"]["tags"] == ["core_v1"]


def test_kubectl_learns_from_patch_what_the_server_can_do() -> None:
    """Field validation and dry-run on the server, and which patches it may send."""
    patch = document()["paths"][f"{IMAGES}/{{name}}"]["patch"]
    assert patch["x-kubernetes-group-version-kind"] == {
        "group": "image.theriseunion.io",
        "version": "v1alpha1",
        "kind": "Repository",
    }
    assert {"dryRun", "fieldValidation", "fieldManager", "force"} == {each["name"] for each in patch["parameters"]}
    ours = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
    assert [*patch["requestBody"]["content"]] == ours
    namespaces = document(CORE)["paths"]["/api/v1/namespaces/{name}"]["patch"]
    assert [*namespaces["requestBody"]["content"]] == [*ours, "application/strategic-merge-patch+json"]


@each_document
def test_each_kind_is_found_by_exactly_one_schema(at: GroupVersion) -> None:
    """kubectl explain takes the first whose group, version and kind are the operation's."""
    described = document(at)["components"]["schemas"].values()
    for resource in resources.within(at):
        wanted = {"group": at.group, "version": at.version, "kind": resource.kind}
        found = [each for each in described if wanted in each.get("x-kubernetes-group-version-kind", [])]
        assert len(found) == 1


def test_schemas_are_named_as_kubernetes_names_them() -> None:
    assert {"io.theriseunion.image.v1alpha1.Repository", "io.theriseunion.image.v1alpha1.RepositoryList"} <= {
        *document()["components"]["schemas"]
    }
    assert {f"{META}.ObjectMeta", f"{META}.ListMeta", f"{META}.Condition", f"{META}.Time", f"{META}.Status"} <= {
        *document()["components"]["schemas"]
    }
    assert "io.k8s.api.core.v1.Namespace" in document(CORE)["components"]["schemas"]
    authorization = document(GroupVersion("authorization.k8s.io", "v1"))["components"]["schemas"]
    assert "io.k8s.api.authorization.v1.SelfSubjectAccessReview" in authorization


@each_document
def test_every_type_and_every_field_says_what_it_means(at: GroupVersion) -> None:
    described = document(at)["components"]["schemas"]
    silent = [name for name, schema in described.items() if not schema["description"]]
    silent += [
        f"{name}.{field}"
        for name, schema in described.items()
        for field, property_ in schema.get("properties", {}).items()
        if not property_.get("description")
    ]
    assert silent == []


def test_objects_as_they_are_served_match_their_schema() -> None:
    nginx, harbor = image(), source()
    nginx.status = RepositoryStatus(
        sync_status="Success",
        conditions=[Condition("Synced", "True", "Synced")],
        manifest=Manifest(layers=[Layer("sha256:00", "12")], platforms=[Platform("linux", "amd64")]),
    )
    validate("Repository", json.loads(REPOSITORY.encode(nginx)))
    validate("RepositoryList", {"items": [json.loads(REPOSITORY.encode(nginx))], "metadata": {"resourceVersion": "1"}})
    harbor.spec.password = msgspec.UNSET
    validate("RegistrySecret", json.loads(REGISTRY_SECRET.encode(harbor)))


@pytest.mark.parametrize(
    "spec", [{"tag": 1}, {"retryCount": 11}, {"registryRef": {"name": "harbor"}}, {"tag": None}], ids=str
)
def test_what_no_server_would_take_does_not_match(spec: dict[str, Any]) -> None:
    document_ = json.loads(REPOSITORY.encode(image()))
    with pytest.raises(ValidationError):
        validate("Repository", {**document_, "spec": {**document_["spec"], **spec}})


def test_a_password_may_be_sent_and_need_not_be() -> None:
    spec = schema_of("RegistrySecretSpec")
    assert spec["properties"]["password"]["writeOnly"] is True
    assert spec["required"] == ["domain", "provider", "username"]
    assert spec["properties"]["provider"]["enum"] == ["harbor", "dockerhub", "aliyun", "other"]


def test_defaults_that_are_stored_are_shown() -> None:
    properties = schema_of("RepositorySpec")["properties"]
    assert {name: each["default"] for name, each in properties.items() if "default" in each} == {
        "retryCount": 3,
        "suspend": False,
        "syncInterval": "1h",
        "syncTimeout": "10m",
    }


def test_lists_say_how_appliers_share_them() -> None:
    conditions = schema_of("RepositoryStatus")["properties"]["conditions"]
    assert (conditions["x-kubernetes-list-type"], conditions["x-kubernetes-list-map-keys"]) == ("map", ["type"])
    meta = document()["components"]["schemas"][f"{META}.ObjectMeta"]["properties"]
    assert meta["finalizers"]["x-kubernetes-list-type"] == "set"
    assert meta["ownerReferences"]["x-kubernetes-list-map-keys"] == ["uid"]
    assert schema_of("Manifest")["properties"]["layers"]["x-kubernetes-list-type"] == "atomic"


def test_no_document_tells_of_what_is_not_served() -> None:
    hidden = [kind.name.encode() for kind in KINDS if not kind.served]
    assert hidden
    assert not any(name in each.body for name in hidden for each in (*v3.documents().values(), v2.swagger()))


def test_version_2_tells_the_same_in_its_own_shape() -> None:
    whole = swagger()
    assert whole["swagger"] == "2.0"
    assert {(path, method) for path, method, _ in operations(whole["paths"])} == {
        (path, method) for at in resources.group_versions() for path, method, _ in operations(document(at)["paths"])
    }
    create = whole["paths"][IMAGES]["post"]
    [body, dry_run, *_] = create["parameters"]
    repository = {"$ref": "#/definitions/io.theriseunion.image.v1alpha1.Repository"}
    assert body == {"name": "body", "in": "body", "required": True, "schema": repository}
    assert (dry_run["name"], dry_run["type"]) == ("dryRun", "string")
    assert create["consumes"] == ["application/json", "application/yaml"]
    assert create["responses"]["201"]["schema"] == repository
    spec = whole["definitions"]["io.theriseunion.image.v1alpha1.Repository"]["properties"]["spec"]
    assert spec == {
        "description": "The image, and how to keep it in sync.",
        "$ref": "#/definitions/io.theriseunion.image.v1alpha1.RepositorySpec",
    }
    assert not re.search(r"writeOnly|requestBody|#/components|allOf", json.dumps(whole))


def test_documents_are_the_same_bytes_at_every_start() -> None:
    before = v3.documents(), v2.swagger()
    v3.documents.cache_clear()
    v2.swagger.cache_clear()
    assert (v3.documents(), v2.swagger()) == before


def test_a_kind_in_a_second_group_is_described_there() -> None:
    at = GroupVersion("other.example.com", "v1")
    written = v3.written(at, (*RESOURCES, resources.stored(REPOSITORY, at)))
    assert "com.example.other.v1.Repository" in written["components"]["schemas"]
    assert "/apis/other.example.com/v1/namespaces/{namespace}/repositories" in written["paths"]


def test_words_under_a_field_are_read_from_the_type_and_those_it_inherits() -> None:
    words = docstrings.of_fields(Repository)
    assert words["spec"] == "The image, and how to keep it in sync."
    assert words["metadata"] == docstrings.of_fields(Object)["metadata"]
    assert "\n" not in docstrings.of_fields(RepositoryStatus)["conditions"]
