"""Failures in the very words of a Kubernetes API server, recorded from one of version 1.36."""

from typing import Any

import pytest

from tests.fakes.asgi import Client
from tests.web.kube.samples import GROUP, IMAGES, MERGE, NAMESPACES, SOURCES, failure, image, source

STALE = "the object has been modified; please apply your changes to the latest version and try again"


async def test_a_name_that_is_taken(client: Client) -> None:
    await client.post(IMAGES, image())
    status = failure(await client.post(IMAGES, image()), 409, "AlreadyExists")
    assert status["message"] == 'repositories.image.theriseunion.io "one" already exists'
    assert status["details"] == {"name": "one", "group": "image.theriseunion.io", "kind": "repositories"}


async def test_an_object_that_is_not_there(client: Client) -> None:
    for answer in (
        await client.get(f"{IMAGES}/none"),
        await client.delete(f"{IMAGES}/none"),
        await client.put(f"{IMAGES}/none", image("none") | {"metadata": {"name": "none", "resourceVersion": "1"}}),
    ):
        status = failure(answer, 404, "NotFound")
        assert status["message"] == 'repositories.image.theriseunion.io "none" not found'
        assert status["details"] == {"name": "none", "group": "image.theriseunion.io", "kind": "repositories"}


async def test_a_namespace_that_is_not_there(client: Client) -> None:
    document = image()
    del document["metadata"]["namespace"]
    status = failure(await client.post(f"{GROUP}/namespaces/nowhere/repositories", document), 404, "NotFound")
    assert status["message"] == 'namespaces "nowhere" not found'
    assert status["details"] == {"name": "nowhere", "kind": "namespaces"}


async def test_a_stale_version(client: Client) -> None:
    document = (await client.post(IMAGES, image())).json()
    await client.put(f"{IMAGES}/one", document | {"spec": {**document["spec"], "tag": "v2"}})
    status = failure(await client.put(f"{IMAGES}/one", document), 409, "Conflict")
    assert status["message"] == (f'Operation cannot be fulfilled on repositories.image.theriseunion.io "one": {STALE}')


async def test_an_update_without_a_version(client: Client) -> None:
    await client.post(IMAGES, image())
    status = failure(await client.put(f"{IMAGES}/one", image()), 422, "Invalid")
    assert status["details"]["causes"][0]["field"] == "metadata.resourceVersion"
    assert "must be specified for an update" in status["message"]


async def test_every_bad_field_is_a_cause(client: Client) -> None:
    document = image("bad", retryCount="x", syncInterval=5)
    del document["spec"]["registryRef"]
    status = failure(await client.post(IMAGES, document), 422, "Invalid")
    assert status["message"].startswith('Repository.image.theriseunion.io "bad" is invalid: [spec.')
    assert status["details"]["kind"] == "Repository"
    causes = {cause["field"]: (cause["reason"], cause["message"]) for cause in status["details"]["causes"]}
    assert causes["spec.registryRef"] == ("FieldValueRequired", "Required value")
    assert causes["spec.retryCount"][0] == causes["spec.syncInterval"][0] == "FieldValueTypeInvalid"


async def test_what_the_body_and_the_path_disagree_on(client: Client) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        (
            f"{GROUP}/namespaces/kube-system/repositories",
            image(),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            IMAGES,
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}},
            "the API version in the data (v1) does not match the expected API version (image.theriseunion.io/v1alpha1)",
        ),
    ]
    for path, document, sentence in cases:
        assert failure(await client.post(path, document), 400, "BadRequest")["message"] == sentence
    answer = await client.put(f"{IMAGES}/two", image("one"))
    assert failure(answer, 400, "BadRequest")["message"] == (
        "the name of the object (one) does not match the name on the URL (two)"
    )


async def test_unknown_fields_as_the_caller_wants_it(client: Client) -> None:
    document = image("u", tagg="x")
    strict = failure(await client.post(f"{IMAGES}?fieldValidation=Strict", document), 400, "BadRequest")
    assert strict["message"] == (
        'Repository in version "v1alpha1" cannot be handled as a Repository: strict decoding error: '
        'unknown field "spec.tagg"'
    )
    warned = await client.post(IMAGES, document)
    assert (warned.status, "tagg" in warned.json()["spec"]) == (201, False)
    assert warned.headers["warning"] == '299 - "unknown field \\"spec.tagg\\""'
    ignored = await client.post(f"{IMAGES}?fieldValidation=Ignore", image("i", tagg="x"))
    assert "warning" not in ignored.headers
    many = await client.post(IMAGES, image("m") | {f"tagg{number}": "x" for number in range(30)})
    assert (many.status, many.headers["warning"]) == (201, '299 - "and 15 more warnings"')


async def test_who_is_unknown_and_who_may_not(client: Client, server: Any) -> None:
    unknown = failure(await client.get(IMAGES, headers={"authorization": None}), 401, "Unauthorized")
    assert unknown["message"] == "Unauthorized"
    nobody = await server.client("viewer")
    status = failure(await nobody.get(IMAGES), 403, "Forbidden")
    assert status["message"] == (
        'repositories.image.theriseunion.io is forbidden: User "viewer" cannot list resource "repositories" in API '
        'group "image.theriseunion.io" in the namespace "default"'
    )
    assert status["details"] == {"group": "image.theriseunion.io", "kind": "repositories"}
    created = failure(await nobody.post(IMAGES, image()), 403, "Forbidden")
    assert 'User "viewer" cannot create resource "repositories"' in created["message"]


async def test_the_default_namespace_stays(client: Client) -> None:
    status = failure(await client.delete(f"{NAMESPACES}/default"), 403, "Forbidden")
    assert status["message"] == 'namespaces "default" is forbidden: this namespace may not be deleted'


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("limit=x", "limit: Invalid value"),
        ("limit=-1", "limit: Invalid value"),
        ("continue=garbage", "continue"),
        ("labelSelector=%3D%3D", "label selector"),
        ("fieldSelector=spec.x%3D1", "field label not supported: spec.x"),
        ("watch=maybe", "watch: Invalid value"),
        ("watch=1&resourceVersion=abc", "resourceVersion: Invalid value"),
        ("resourceVersionMatch=Exact", "resourceVersionMatch: Forbidden"),
        ("resourceVersionMatch=Somehow&resourceVersion=1", "resourceVersionMatch: Unsupported value"),
        ("watch=1&sendInitialEvents=true", "sendInitialEvents: Forbidden"),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden"),
    ],
)
async def test_bad_parameters_of_a_list(client: Client, query: str, sentence: str) -> None:
    assert sentence in failure(await client.get(f"{IMAGES}?{query}"), 400, "BadRequest")["message"]


async def test_forms_that_are_not_spoken_and_bodies_that_are_not_read(client: Client) -> None:
    failure(await client.get(IMAGES, headers={"accept": "application/vnd.kubernetes.protobuf"}), 406, "NotAcceptable")
    failure(await client.post(IMAGES, b"x", headers={"content-type": "text/plain"}), 415, "UnsupportedMediaType")
    failure(await client.post(IMAGES, b"{not json", headers={"content-type": "application/json"}), 400, "BadRequest")


async def test_paths_and_methods_that_do_not_exist(client: Client) -> None:
    failure(await client.get(f"{GROUP}/namespaces/default/nothings"), 404, "NotFound")
    failure(await client.get("/apis/nowhere.example.com/v1"), 404, "NotFound")
    failure(await client.put(IMAGES, image()), 405, "MethodNotAllowed")
    failure(await client.get(f"{IMAGES}/one/scale"), 404, "NotFound")


async def test_a_kind_has_the_verbs_that_discovery_tells_and_no_others(client: Client) -> None:
    """All namespaces at once are never deleted, nor is anything made or deleted across them."""
    await client.post(NAMESPACES, {"metadata": {"name": "a-first-one"}})
    failure(await client.delete(NAMESPACES), 405, "MethodNotAllowed")
    assert (await client.get(f"{NAMESPACES}/a-first-one")).json()["status"] == {"phase": "Active"}
    for answer in (
        await client.post(f"{GROUP}/repositories", image()),
        await client.delete(f"{GROUP}/repositories"),
        await client.post("/apis/authorization.k8s.io/v1/localsubjectaccessreviews", {}),
    ):
        failure(answer, 405, "MethodNotAllowed")


async def test_a_patch_that_is_refused_is_about_its_object(client: Client) -> None:
    await client.post(SOURCES, source())
    answer = await client.patch(f"{SOURCES}/src", {"spec": {"password": None}}, headers=MERGE)
    assert failure(answer, 422, "Invalid")["message"].startswith(
        'RegistrySecret.image.theriseunion.io "src" is invalid'
    )


async def test_only_kinds_that_kubernetes_has_may_leave_out_what_they_are(client: Client) -> None:
    """Programs make them from classes, and do not repeat the name of the class."""
    made = await client.post(NAMESPACES, {"metadata": {"name": "unsaid"}})
    assert (made.status, made.json()["kind"], made.json()["apiVersion"]) == (201, "Namespace", "v1")
    written = await client.put(f"{NAMESPACES}/unsaid", {"kind": "", "metadata": made.json()["metadata"]})
    assert (written.status, written.json()["kind"]) == (200, "Namespace")
    unsaid = {key: value for key, value in image().items() if key != "kind"}
    assert failure(await client.post(IMAGES, unsaid), 400, "BadRequest")["message"] == (
        "Object 'Kind' is missing in the body"
    )


async def test_nobody_is_taken_for_somebody_else(client: Client) -> None:
    """Answering by the rights of who asks would mislead whoever looks what another may do."""
    answer = await client.get(IMAGES, headers={"impersonate-user": "somebody"})
    assert "impersonation" in failure(answer, 400, "BadRequest")["message"]
