"""Creating objects: what is taken from the caller, what the server decides, what is refused."""

from typing import Any

import pytest

from imageyard.domain.errors import AlreadyExists, BadRequest, Cause, Invalid, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.service.admission import Options
from tests.fakes.clock import FakeClock
from tests.service.conftest import ADMIN, CANARY, Json, Service, a_source, an_image, build, shown, warned, without


async def refused(service: Service, kind: Kind[Any], document: Json, namespace: str = "default") -> list[Cause]:
    with pytest.raises((Invalid, BadRequest)) as raised:
        await service.objects.create(ADMIN, kind, namespace, document)
    assert isinstance(raised.value, Invalid | BadRequest)
    return raised.value.causes


def fields(causes: list[Cause]) -> set[str]:
    return {cause.field for cause in causes}


async def test_a_new_object_has_full_metadata(service: Service) -> None:
    made = await service.add_image()
    meta = made["metadata"]
    assert (meta["namespace"], meta["generation"], meta["creationTimestamp"]) == ("default", 1, "2026-01-01T00:00:00Z")
    assert meta["uid"]
    assert meta["resourceVersion"]
    assert made["apiVersion"] == "image.theriseunion.io/v1alpha1"
    assert made["kind"] == "Repository"


async def test_a_new_image_shows_its_defaults_and_is_due_at_once(service: Service) -> None:
    made = await service.add_image()
    spec = made["spec"]
    assert (spec["syncInterval"], spec["syncTimeout"], spec["retryCount"]) == ("1h", "10m", 3)
    assert made["status"] == {"syncStatus": "", "nextSync": "2026-01-01T00:00:00Z"}


async def test_a_suspended_image_is_not_due(service: Service) -> None:
    assert "nextSync" not in (await service.add_image(suspend=True))["status"]


async def test_a_new_source_is_untested_mirrored_and_due_at_once(service: Service) -> None:
    made = await service.add_source()
    assert made["metadata"]["annotations"] == {
        "theriseunion.io/domain": "harbor.example.com",
        "theriseunion.io/username": "robot",
        "theriseunion.io/provider": "harbor",
        "theriseunion.io/verify-status": "untested",
    }
    status = made["status"]
    assert (status["passwordSet"], status["passwordUpdatedTime"]) == (True, "2026-01-01T00:00:00Z")
    assert status["nextVerify"] == "2026-01-01T00:00:00Z"
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [("Verified", "Unknown")]


async def test_the_password_is_sealed_and_leaves_the_object(service: Service) -> None:
    made = await service.add_source()
    assert "password" not in made["spec"]
    sealed = await service.store.sealed(REGISTRY_SECRET, "default", "harbor")
    assert sealed
    assert CANARY.encode() not in sealed


async def test_an_anonymous_source_has_no_password(service: Service) -> None:
    made = await service.add_source(username="", password="")
    assert "passwordSet" not in made["status"]
    assert await service.store.sealed(REGISTRY_SECRET, "default", "harbor") is None


@pytest.mark.parametrize("missing", ["domain", "username", "password", "provider"])
async def test_each_field_of_a_credential_must_be_given(service: Service, missing: str) -> None:
    nothing: Json = {missing: None}
    causes = await refused(service, REGISTRY_SECRET, a_source(**nothing))
    assert fields(causes) == {f"spec.{missing}"}


async def test_every_bad_field_is_told_at_once(service: Service) -> None:
    document = an_image(tag="no tag", retryCount=11, surplus=1)
    causes = await refused(service, REPOSITORY, document)
    assert fields(causes) == {"spec.tag", "spec.retryCount", "spec.surplus"}


async def test_invalid_names_its_object(service: Service) -> None:
    with pytest.raises(Invalid) as raised:
        await service.objects.create(ADMIN, REPOSITORY, "default", an_image(tag=""))
    assert (raised.value.kind, raised.value.name) == ("repository", "nginx")


async def test_a_name_that_is_taken_is_told(service: Service) -> None:
    await service.add_image()
    with pytest.raises(AlreadyExists):
        await service.add_image()


async def test_body_and_path_must_agree_on_the_namespace(service: Service) -> None:
    document = an_image()
    document["metadata"]["namespace"] = "other"
    assert fields(await refused(service, REPOSITORY, document)) == {"metadata.namespace"}


async def test_a_missing_namespace_is_taken_from_the_path(service: Service) -> None:
    made = await service.add_image(namespace="team-a")
    assert made["metadata"]["namespace"] == "team-a"


@pytest.mark.parametrize("document", [{"metadata": []}, {"metadata": "x"}, {"spec": []}, {}])
async def test_a_body_of_the_wrong_shape_is_invalid(service: Service, document: Json) -> None:
    assert await refused(service, REPOSITORY, document)


async def test_the_scope_of_all_namespaces_is_no_namespace(service: Service) -> None:
    await refused(service, REPOSITORY, an_image(), namespace="_all_")
    with pytest.raises(BadRequest):
        await service.objects.get(ADMIN, REPOSITORY, "_all_", "nginx")


async def test_a_path_may_not_name_an_impossible_namespace(service: Service) -> None:
    assert fields(await refused(service, REPOSITORY, an_image(), namespace="No_Namespace")) == {"metadata.namespace"}


async def test_an_exported_object_can_be_posted_back(service: Service) -> None:
    exported = await service.add_image()
    await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    again = shown(await service.objects.create(ADMIN, REPOSITORY, "default", exported))
    assert again["metadata"]["uid"] != exported["metadata"]["uid"]
    assert without(again, "metadata") == without(exported, "metadata")


async def test_status_in_a_new_body_is_ignored(service: Service) -> None:
    document = {**an_image(), "status": {"syncStatus": "Success", "anything": 1}}
    made = shown(await service.objects.create(ADMIN, REPOSITORY, "default", document))
    assert made["status"]["syncStatus"] == ""


async def test_annotations_of_the_server_are_ignored_with_a_warning(service: Service) -> None:
    document = a_source()
    document["metadata"]["annotations"] = {"theriseunion.io/verify-status": "success", "mine": "kept"}
    result = await service.objects.create(ADMIN, REGISTRY_SECRET, "default", document)
    annotations = shown(result)["metadata"]["annotations"]
    assert (annotations["theriseunion.io/verify-status"], annotations["mine"]) == ("untested", "kept")
    assert "theriseunion.io/verify-status" in warned(result)


async def test_generate_name_makes_a_name(service: Service) -> None:
    document = an_image()
    document["metadata"] = {"generateName": "nginx-"}
    made = shown(await service.objects.create(ADMIN, REPOSITORY, "default", document))
    prefix, suffix = made["metadata"]["name"][:6], made["metadata"]["name"][6:]
    assert prefix == "nginx-"
    assert len(suffix) == 5
    assert set(suffix) <= set("bcdfghjklmnpqrstvwxz2456789")


async def test_generate_name_tries_again_when_the_name_is_taken(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = iter("bbbbbbbbbbccccc")
    monkeypatch.setattr("imageyard.service.objects.secrets.choice", lambda alphabet: next(letters))
    document = {**an_image(), "metadata": {"generateName": "nginx-"}}
    names = [
        shown(await service.objects.create(ADMIN, REPOSITORY, "default", document))["metadata"]["name"] for _ in "12"
    ]
    assert names == ["nginx-bbbbb", "nginx-ccccc"]


async def test_unknown_fields_are_pruned_where_a_door_wants_it(service: Service) -> None:
    result = await service.objects.create(ADMIN, REPOSITORY, "default", an_image(surplus=1), Options(unknown="warn"))
    assert "surplus" not in shown(result)["spec"]
    assert "spec.surplus" in warned(result)


async def test_a_namespace_comes_into_being_on_the_first_write(service: Service) -> None:
    await service.add_image(namespace="team-a")
    assert await service.objects.namespaces(ADMIN) == ["default", "team-a"]


async def test_an_invalid_object_makes_no_namespace(service: Service) -> None:
    await refused(service, REPOSITORY, an_image(tag=""), namespace="team-a")
    assert await service.objects.namespaces(ADMIN) == ["default"]


async def test_a_namespace_may_have_to_be_there_already(service: Service, clock: FakeClock) -> None:
    kubernetes = Options(create_namespace=False)
    with pytest.raises(NotFound):
        await service.objects.create(ADMIN, REPOSITORY, "team-a", an_image(), kubernetes)
    strict = await build(service.store, clock, auto_create_namespaces=False)
    with pytest.raises(NotFound):
        await strict.add_image(namespace="team-a")


async def test_a_namespace_is_created_like_any_object(service: Service) -> None:
    made = shown(await service.objects.create(ADMIN, NAMESPACE, "", {"metadata": {"name": "team-a"}}))
    assert made["metadata"]["name"] == "team-a"
    await service.add_image(namespace="team-a")
