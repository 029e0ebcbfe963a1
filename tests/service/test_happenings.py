"""What is told of a write or an outcome."""

from typing import Any

import pytest

from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Manifest, RepositoryStatus
from imageyard.domain.reasons import Reason
from imageyard.service import happenings
from imageyard.service.admission import Options
from imageyard.service.objects import Patch
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Service

OLD, NEW = "sha256:" + "a" * 64, "sha256:" + "b" * 64


async def after(service: Service, name: str, spec: dict[str, Any]) -> list[tuple[str, str]]:
    """Reasons and messages of what a change of the spec brings."""
    before = {one.metadata.name for one in await service.told()}
    merge = service.merge_source if name == "harbor" else service.merge_image
    await merge({"spec": spec})
    found = [one for one in await service.told() if one.metadata.name not in before]
    return [(one.reason, one.message) for one in sorted(found, key=lambda one: one.metadata.name)]


async def test_an_object_tells_of_its_creation_its_changes_and_its_end(service: Service) -> None:
    await service.add_image()
    await service.merge_image({"spec": {"tag": "1.28", "syncInterval": "2h"}, "metadata": {"labels": {"a": "b"}}})
    await service.objects.delete(ADMIN, REPOSITORY, "default", "nginx")
    told = sorted(await service.told(), key=lambda one: one.metadata.name)
    assert [(one.reason, one.message) for one in told] == [
        ("Created", "created"),
        ("Updated", "updated: spec.tag, spec.syncInterval, metadata.labels"),
        ("Deleted", "deleted"),
    ]
    assert len({one.involved_object.uid for one in told}) == 1


async def test_an_object_that_finalizers_hold_is_not_told_to_be_deleted(service: Service) -> None:
    await service.add_image()
    kube = Options(lifecycle="take")
    hold: dict[str, Any] = {"metadata": {"finalizers": ["example.com/hold"]}}
    let_go: dict[str, Any] = {"metadata": {"finalizers": []}}
    where = (ADMIN, REPOSITORY, "default", "nginx")
    await service.objects.patch(*where, Patch("merge", hold), kube)
    await service.objects.delete(*where)
    assert await service.reasons() == ["Created", "Updated"]
    await service.objects.patch(*where, Patch("merge", let_go), kube)
    assert "Deleted" in await service.reasons()


async def test_a_change_that_changes_nothing_tells_nothing(service: Service) -> None:
    await service.add_source()
    await service.told()
    assert await after(service, "harbor", {"password": CANARY, "username": "robot"}) == []


async def test_a_source_tells_of_its_credential(service: Service) -> None:
    await service.add_source()
    assert await after(service, "harbor", {"password": "another"}) == [
        ("Updated", "updated: spec.password"),
        ("CredentialsRotated", "the credential was replaced and is tested again"),
    ]
    assert [reason for reason, _ in await after(service, "harbor", {"username": "other"})] == ["Updated"]
    assert {one.reason: one.count for one in await service.told() if one.reason != "Updated"} == {
        "Created": 1,
        "CredentialsRotated": 2,
    }


async def test_a_source_tells_of_its_host(service: Service) -> None:
    await service.add_source()
    found = await after(service, "harbor", {"domain": "new.example.com", "password": CANARY})
    assert [reason for reason, _ in found] == ["Updated", "HostChanged"]


async def test_a_source_tells_of_its_grants(service: Service) -> None:
    await service.add_source(allowedNamespaces=["a", "b"])
    found = await after(service, "harbor", {"allowedNamespaces": ["b", "c"]})
    assert found == [
        ("Updated", "updated: spec.allowedNamespaces"),
        ("GrantAdded", "other namespaces may now reference it: c"),
        ("GrantRemoved", "namespaces may no longer reference it: a"),
    ]


async def test_an_image_tells_that_it_is_suspended_and_goes_on(service: Service) -> None:
    await service.add_image()
    assert [reason for reason, _ in await after(service, "nginx", {"suspend": True})] == ["Updated", "Suspended"]
    resumed = [one.reason for one in await service.told() if one.reason == "Resumed"]
    await service.merge_image({"spec": {"suspend": False}})
    assert resumed == []
    assert "Resumed" in await service.reasons()


async def test_a_sync_that_is_asked_for_is_told_whichever_way(service: Service) -> None:
    await service.add_image()
    await service.requests.sync(ADMIN, "default", "nginx")
    assert await service.reasons() == ["Created", "SyncRequested"]
    await service.merge_image({"metadata": {"annotations": {"theriseunion.io/manual-sync": "now"}}})
    found = {one.reason: one.count for one in await service.told()}
    assert found == {"Created": 1, "SyncRequested": 2}


async def test_a_verification_is_told_when_it_is_asked_for_and_how_it_ended(service: Service) -> None:
    await service.add_source()
    service.registry.accounts = {"robot": CANARY}
    await service.verifier.by_request(ADMIN, "default", "harbor", {})
    await service.verifier.stored("default", "harbor")
    assert await service.reasons() == ["Created", "VerifyRequested", "Verified"]
    service.registry.outcome = probe(Reason.Unauthorized)
    await service.verifier.stored("default", "harbor")
    await service.verifier.stored("default", "harbor")
    [failed] = [one for one in await service.told() if one.reason == "VerifyFailed"]
    assert (failed.count, failed.type) == (2, "Warning")
    assert failed.message == "the connection test failed: wrong user name or password"


async def test_a_test_before_save_is_told_of_no_object(service: Service) -> None:
    body = {"domain": "a.example.com", "username": "u", "password": CANARY}
    await service.verifier.by_request(ADMIN, "default", "unsaved", body)
    assert await service.told() == []


async def synced(service: Service, before: str, after_: str, failures: int, reason: Reason) -> list[tuple[str, str]]:
    await service.add_image()
    image = await service.image()
    image.status = RepositoryStatus(
        sync_status="Success", manifest=Manifest(digest=after_), failures=int(reason is not Reason.Synced)
    )
    status = RepositoryStatus(sync_status="", failures=failures, manifest=Manifest(digest=before) if before else None)
    return [(one.reason, one.message.en) for one in happenings.synced(status, image, reason)]


@pytest.mark.parametrize(
    ("before", "after_", "failures", "reason", "told"),
    [
        ("", NEW, 0, Reason.Synced, [("Synced", "synced: sha256:bbbbbbbbbbbb")]),
        (NEW, NEW, 2, Reason.Synced, [("Synced", "synced: sha256:bbbbbbbbbbbb")]),
        (NEW, NEW, 0, Reason.Synced, []),
        (
            OLD,
            NEW,
            0,
            Reason.Synced,
            [("DigestChanged", "the tag names another digest now: sha256:aaaaaaaaaaaa -> sha256:bbbbbbbbbbbb")],
        ),
        (OLD, OLD, 1, Reason.TagNotFound, [("SyncFailed", "the sync failed: the tag does not exist")]),
        (OLD, OLD, 0, Reason.RateLimited, [("RateLimited", "the sync failed: the registry limits the request rate")]),
        (
            OLD,
            OLD,
            0,
            Reason.Unauthorized,
            [("Stalled", "the sync failed, and no retry mends it: wrong user name or password")],
        ),
    ],
    ids=["first", "recovered", "unchanged", "moved", "failed", "limited", "stalled"],
)
async def test_a_sync_tells_what_changed(
    service: Service, before: str, after_: str, failures: int, reason: Reason, told: list[tuple[str, str]]
) -> None:
    assert await synced(service, before, after_, failures, reason) == told


async def test_a_reference_that_is_not_permitted_has_its_own_reason(service: Service) -> None:
    [(reason, message)] = await synced(service, "", "", 0, Reason.ReferenceNotPermitted)
    assert reason == "ReferenceNotPermitted"
    assert "spec.allowedNamespaces" in message
