"""Replacing and patching: preconditions, what counts as a change, what a change starts."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from msgspec import structs

from imageyard.domain import managed_fields
from imageyard.domain.errors import BadRequest, Conflict, Invalid, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Manifest
from imageyard.domain.reasons import Reason
from imageyard.service.admission import Options
from imageyard.service.objects import Patch, Result
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Json, Service, a_source, an_image, shown, warned


async def put_source(service: Service, document: Json) -> Result:
    return await service.objects.replace(ADMIN, REGISTRY_SECRET, "default", "harbor", document)


async def put_image(service: Service, document: Json) -> Result:
    return await service.objects.replace(ADMIN, REPOSITORY, "default", "nginx", document)


def bad_fields(raised: pytest.ExceptionInfo[Any]) -> set[str]:
    return {cause.field for cause in raised.value.causes}


async def test_a_put_of_what_get_answered_writes_nothing(service: Service) -> None:
    made = await service.add_source()
    result = await put_source(service, made)
    assert shown(result) == made
    assert result.warnings == ()


async def test_a_put_without_a_version_is_unconditional(service: Service) -> None:
    await service.add_image()
    assert shown(await put_image(service, an_image(tag="2")))["spec"]["tag"] == "2"


async def test_a_stale_version_is_a_conflict(service: Service) -> None:
    made = await service.add_image()
    await service.merge_image({"spec": {"tag": "2"}})
    made["spec"]["tag"] = "3"
    with pytest.raises(Conflict):
        await put_image(service, made)


async def test_another_uid_is_a_conflict(service: Service) -> None:
    made = await service.add_image()
    made["metadata"] |= {"uid": "another", "resourceVersion": ""}
    with pytest.raises(Conflict, match="uid"):
        await put_image(service, made)


@pytest.mark.parametrize("field", ["name", "namespace"])
async def test_body_and_path_must_agree(service: Service, field: str) -> None:
    made = await service.add_image()
    made["metadata"][field] = "other"
    with pytest.raises(BadRequest) as raised:
        await put_image(service, made)
    assert bad_fields(raised) == {f"metadata.{field}"}


async def test_a_put_must_name_its_object(service: Service) -> None:
    await service.add_image()
    with pytest.raises(BadRequest) as raised:
        await put_image(service, {**an_image(), "metadata": {"generateName": "x-"}})
    assert bad_fields(raised) == {"metadata.name"}


async def test_what_is_not_there_is_not_found(service: Service) -> None:
    with pytest.raises(NotFound):
        await put_image(service, an_image())


async def test_status_in_a_body_is_ignored(service: Service) -> None:
    made = await service.add_image()
    changed = shown(await put_image(service, {**made, "status": {"syncStatus": "Success"}}))
    assert changed == made


async def test_generation_moves_with_the_spec_only(service: Service) -> None:
    await service.add_image()
    labelled = shown(await service.merge_image({"metadata": {"labels": {"app": "web"}}}))
    assert labelled["metadata"]["generation"] == 1
    changed = shown(await service.merge_image({"spec": {"tag": "2"}}))
    assert changed["metadata"]["generation"] == 2


async def test_identity_stays_with_the_object(service: Service) -> None:
    made = await service.add_image()
    changed = shown(await put_image(service, an_image(tag="2")))
    for field in ("uid", "creationTimestamp"):
        assert changed["metadata"][field] == made["metadata"][field]


@pytest.mark.parametrize(
    "change",
    [{"repository": "library/redis"}, {"tag": "2"}, {"registryRef": {"name": "other"}}, {"platform": "linux/arm64"}],
    ids=lambda change: next(iter(change)),
)
async def test_another_image_is_due_at_once_without_the_old_manifest(service: Service, change: Json) -> None:
    await service.add_image()
    await synced(service)
    await service.clock.advance(60)
    await service.merge_image({"spec": change})
    status = (await service.image()).status
    assert status.manifest is None
    assert status.next_sync == service.clock.now()


async def test_another_interval_keeps_the_manifest(service: Service) -> None:
    await service.add_image()
    await synced(service)
    changed = shown(await service.merge_image({"spec": {"syncInterval": "2h"}}))
    assert changed["status"]["manifest"]["digest"] == "sha256:a"
    assert changed["metadata"]["generation"] == 2


async def test_a_suspended_image_is_due_no_more(service: Service) -> None:
    await service.add_image()
    await service.merge_image({"spec": {"suspend": True}})
    assert (await service.image()).status.next_sync is None


async def synced(service: Service) -> None:
    """As the engine writes it: onto what others wrote meanwhile."""
    while True:
        image = await service.image()
        held = Manifest(digest="sha256:a")
        status = structs.replace(image.status, sync_status="Success", manifest=held, next_sync=None)
        with suppress(Conflict):
            await service.store.replace(REPOSITORY, structs.replace(image, status=status))
            return


async def test_reapplying_the_same_password_writes_nothing_and_says_so(service: Service) -> None:
    made = await service.add_source()
    await service.verifier.stored("default", "harbor")
    before = (await service.store.get(REGISTRY_SECRET, "default", "harbor")).resource_version
    result = await put_source(service, a_source())
    assert result.stored.resource_version == before
    assert shown(result)["metadata"]["generation"] == made["metadata"]["generation"]
    assert "write-only" in warned(result)


async def test_reapplying_an_anonymous_source_says_nothing(service: Service) -> None:
    await service.add_source(username="", password="")
    assert (await put_source(service, a_source(username="", password=""))).warnings == ()


@pytest.mark.parametrize("spec", [{}, {"username": "", "password": ""}], ids=["password", "anonymous"])
async def test_reapplying_what_a_manager_owns_moves_no_time(service: Service, spec: Json) -> None:
    kubectl = Options(create_namespace=False, manager="kubectl-client-side-apply", lifecycle="take")
    made = await service.objects.create(ADMIN, REGISTRY_SECRET, "default", a_source(**spec), kubectl)
    await service.clock.advance(60)
    again = Patch("merge", {"spec": a_source(**spec)["spec"]})
    result = await service.objects.patch(ADMIN, REGISTRY_SECRET, "default", "harbor", again, kubectl)
    assert result.stored == made.stored


async def test_a_new_password_belongs_to_who_set_it(service: Service) -> None:
    options = Options(create_namespace=False, manager="kubectl", lifecycle="take")
    await service.objects.create(ADMIN, REGISTRY_SECRET, "default", a_source(), options)
    await service.clock.advance(60)
    changed = await service.objects.patch(
        ADMIN,
        REGISTRY_SECRET,
        "default",
        "harbor",
        Patch("merge", {"spec": {"password": "another"}}),
        options._replace(manager="rotator"),
    )
    entries = {entry.manager: entry for entry in managed_fields.decode(changed.stored.managed)}
    assert ".spec.password" in list(entries["rotator"].fields.paths())
    assert ".spec.password" not in list(entries["kubectl"].fields.paths())


async def test_a_new_password_is_a_change_of_the_spec(service: Service) -> None:
    await service.add_source()
    await service.clock.advance(60)
    changed = shown(await put_source(service, a_source(password="another")))
    assert changed["metadata"]["generation"] == 2
    assert changed["status"]["passwordUpdatedTime"] == "2026-01-01T00:01:00Z"


async def test_an_absent_password_is_kept(service: Service) -> None:
    await service.add_source()
    sealed = await service.store.sealed(REGISTRY_SECRET, "default", "harbor")
    await put_source(service, a_source(username="other", password=None))
    assert await service.store.sealed(REGISTRY_SECRET, "default", "harbor") == sealed


@pytest.mark.parametrize("password", [None, ""])
async def test_a_null_or_empty_password_is_invalid(service: Service, password: str | None) -> None:
    await service.add_source()
    with pytest.raises(Invalid) as raised:
        await service.merge_source({"spec": {"password": password}})
    assert bad_fields(raised) == {"spec.password"}


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "elsewhere.example.com"},
        {"provider": "other"},
        {"insecure": True},
        {"insecureSkipVerify": True},
        {"trustedRealmHosts": ["auth.example.com"]},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_stored_password_never_follows_to_a_new_address(service: Service, change: Json) -> None:
    await service.add_source()
    with pytest.raises(Invalid) as raised:
        await service.merge_source({"spec": change})
    assert bad_fields(raised) == {"spec.password"}
    await service.merge_source({"spec": {**change, "password": CANARY}})


@pytest.mark.parametrize(
    "change",
    [{"username": "other"}, {"password": "other"}, {"domain": "elsewhere.example.com", "password": CANARY}],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_credential_is_untested_and_due(service: Service, change: Json) -> None:
    await service.add_source()
    service.registry.accounts = {"robot": CANARY}
    await service.verifier.stored("default", "harbor")
    await service.clock.advance(60)
    changed = shown(await service.merge_source({"spec": change}))
    annotations = changed["metadata"]["annotations"]
    assert annotations["theriseunion.io/verify-status"] == "untested"
    assert "theriseunion.io/verify-message" not in annotations
    assert annotations["theriseunion.io/domain"] == changed["spec"]["domain"]
    assert changed["status"]["nextVerify"] == "2026-01-01T00:01:00Z"
    assert changed["status"]["conditions"][0]["status"] == "Unknown"


async def test_who_may_use_a_source_says_nothing_about_its_credential(service: Service) -> None:
    await service.add_source()
    service.registry.outcome = probe(Reason.Unauthorized)
    await service.verifier.stored("default", "harbor")
    changed = shown(await service.merge_source({"spec": {"allowedNamespaces": ["team-a"]}}))
    assert changed["metadata"]["annotations"]["theriseunion.io/verify-status"] == "failed"
    assert changed["metadata"]["generation"] == 2
    assert changed["status"]["observedGeneration"] == 2
    assert changed["status"]["conditions"][0]["observedGeneration"] == 2


async def test_from_anonymous_to_signed_in_and_back(service: Service) -> None:
    await service.add_source(username="", password="")
    signed_in = shown(await service.merge_source({"spec": {"username": "robot", "password": CANARY}}))
    assert signed_in["status"]["passwordSet"] is True
    anonymous = shown(await service.merge_source({"spec": {"username": "", "password": ""}}))
    assert "passwordSet" not in anonymous["status"]
    assert "passwordUpdatedTime" not in anonymous["status"]
    assert await service.store.sealed(REGISTRY_SECRET, "default", "harbor") is None


async def test_annotations_of_the_server_survive_a_put_and_a_patch(service: Service) -> None:
    made = await service.add_source()
    await put_source(service, a_source())
    await service.merge_source({"metadata": {"annotations": {"theriseunion.io/domain": None}}})
    result = await service.merge_source({"metadata": {"annotations": {"theriseunion.io/verify-status": "success"}}})
    assert shown(result)["metadata"]["annotations"] == made["metadata"]["annotations"]
    assert "verify-status" in warned(result)


async def test_who_sets_nothing_of_the_servers_is_not_warned(service: Service) -> None:
    """A changed user name moves its annotation along; nobody has set that one."""
    await service.add_source(allowedNamespaces=["a"])
    assert warned(await service.merge_source({"spec": {"username": "bob"}})) == ""
    held = shown(await service.merge_source({}))
    held["spec"] |= {"username": "alice", "password": "another"}
    assert warned(await put_source(service, held)) == ""


async def test_a_json_patch_sets_the_password(service: Service) -> None:
    await service.add_source()
    operations = [{"op": "add", "path": "/spec/password", "value": "another"}]
    result = await service.objects.patch(ADMIN, REGISTRY_SECRET, "default", "harbor", Patch("json", operations))
    assert shown(result)["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/password", "value": CANARY},
        {"op": "copy", "from": "/spec/password", "path": "/metadata/annotations/x"},
        {"op": "move", "from": "/spec", "path": "/status"},
    ],
    ids=lambda operation: str(operation["op"]),
)
async def test_a_json_patch_cannot_read_the_password(service: Service, operation: Json) -> None:
    await service.add_source()
    with pytest.raises(Invalid):
        await service.objects.patch(ADMIN, REGISTRY_SECRET, "default", "harbor", Patch("json", [operation]))


async def test_a_merge_patch_must_be_an_object(service: Service) -> None:
    await service.add_image()
    with pytest.raises(BadRequest):
        await service.objects.patch(ADMIN, REPOSITORY, "default", "nginx", Patch("merge", []))


async def test_a_patch_may_name_the_version_it_expects(service: Service) -> None:
    made = await service.add_image()
    stale = {"metadata": {"resourceVersion": made["metadata"]["resourceVersion"]}, "spec": {"tag": "3"}}
    await service.merge_image({"spec": {"tag": "2"}})
    with pytest.raises(Conflict):
        await service.merge_image(stale)


async def test_of_two_writers_with_the_same_version_one_wins(service: Service) -> None:
    made = await service.add_image()
    bodies = [{**made, "spec": {**made["spec"], "tag": tag}} for tag in ("2", "3")]
    outcomes = await asyncio.gather(*(put_image(service, body) for body in bodies), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Result"]


async def test_patches_at_once_all_take_effect(service: Service) -> None:
    await service.add_image()
    await asyncio.gather(*(service.merge_image({"metadata": {"labels": {f"l{n}": "x"}}}) for n in range(30)))
    assert len((await service.image()).metadata.labels) == 30


async def test_a_patch_and_a_status_write_at_once_both_take_effect(service: Service) -> None:
    await service.add_image()
    await asyncio.gather(service.merge_image({"metadata": {"labels": {"app": "web"}}}), synced(service))
    image = await service.image()
    assert image.metadata.labels == {"app": "web"}
    assert image.status.sync_status == "Success"


async def test_a_password_that_cannot_be_opened_is_replaced_by_the_one_that_comes(service: Service) -> None:
    await service.add_source()
    secret = await service.source()
    await service.store.replace(REGISTRY_SECRET, secret, sealed=b"broken")
    changed = await service.merge_source({"spec": {"password": CANARY}})
    assert shown(changed)["metadata"]["generation"] == 2
    service.registry.accounts = {"robot": CANARY}
    outcome = await service.verifier.stored("default", "harbor")
    assert outcome is not None
    assert outcome.success
