"""Asking for a sync, and test fetches that store nothing."""

import asyncio
from typing import Any

import pytest

from imageyard.domain.access import AUTHENTICATED, Actor
from imageyard.domain.errors import Invalid, NotFound, TooManyRequests
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import HostStatus
from imageyard.domain.kinds.repository import SYNC_REQUEST
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import RegistryError, Source
from imageyard.service.fetch import Fetcher
from imageyard.service.requests import SyncRequests
from imageyard.service.trials import Trials
from imageyard.store import Query
from tests.fakes.registry import FakeRegistry, probe
from tests.service.conftest import ADMIN, Json, Service, an_image


async def test_a_request_is_a_write_to_the_object(service: Service) -> None:
    made = await service.add_image()
    assert await service.requests.sync(ADMIN, "default", "nginx") is True
    image = await service.image()
    assert image.metadata.annotations[SYNC_REQUEST] == "2026-01-01T00:00:00.000000Z"
    assert image.metadata.generation == made["metadata"]["generation"]


async def test_each_request_is_a_new_value_even_at_the_same_time(service: Service) -> None:
    await service.add_image()
    seen = set()
    for _ in range(3):
        await service.requests.sync(ADMIN, "default", "nginx")
        seen.add((await service.image()).metadata.annotations[SYNC_REQUEST])
    assert len(seen) == 3


async def test_a_value_a_person_wrote_does_not_stop_requests(service: Service) -> None:
    await service.add_image()
    await service.merge_image({"metadata": {"annotations": {SYNC_REQUEST: "zzz"}}})
    await service.requests.sync(ADMIN, "default", "nginx")
    assert (await service.image()).metadata.annotations[SYNC_REQUEST].startswith("2026-01-01")


async def test_requests_at_once_all_succeed(service: Service) -> None:
    await service.add_image()
    work = [service.requests.sync(ADMIN, "default", "nginx") for _ in range(20)]
    patches = [service.merge_image({"metadata": {"labels": {f"l{n}": "x"}}}) for n in range(5)]
    await asyncio.gather(*work, *patches)
    assert len((await service.image()).metadata.labels) == 5


async def test_a_request_for_what_is_not_there_is_not_found(service: Service) -> None:
    with pytest.raises(NotFound):
        await service.requests.sync(ADMIN, "default", "nginx")


@pytest.mark.parametrize(("state", "at_once"), [("ok", True), ("open", True), ("paused", False)])
async def test_only_a_rate_limit_pause_makes_a_request_wait(service: Service, state: Any, at_once: bool) -> None:
    await service.add_source()
    await service.add_image()
    source = await service.source()
    source.status.host = HostStatus(state=state)
    await service.store.replace(REGISTRY_SECRET, source)
    assert await service.requests.sync(ADMIN, "default", "nginx") is at_once


@pytest.mark.parametrize("whole", [True, False], ids=["a Repository", "a bare spec"])
async def test_a_test_fetch_answers_the_status_and_stores_nothing(service: Service, whole: bool) -> None:
    await service.add_source()
    digest = service.registry.push("library/nginx", "1.27")
    before = await service.store.resource_version()
    document: Json = an_image() if whole else an_image()["spec"]
    status = await service.requests.preview(ADMIN, "default", "nginx", document)
    assert (status["syncStatus"], status["reason"], status["domain"]) == ("Success", "Synced", "harbor.example.com")
    assert status["manifest"]["digest"] == digest
    assert status["lastSynced"] == status["lastAttempt"] == "2026-01-01T00:00:00Z"
    assert await service.store.resource_version() == before
    scope = service.registry.scope(service.registry.sources[-1], "library/nginx")
    assert await service.store.get_content(scope, digest) is None


async def test_a_test_fetch_tells_why_it_would_fail(service: Service) -> None:
    status = await service.requests.preview(ADMIN, "team-a", "nginx", an_image())
    assert (status["syncStatus"], status["reason"]) == ("Failed", "ReferenceNotPermitted")
    assert "manifest" not in status
    assert (await service.store.list(REGISTRY_SECRET, Query())).total == 0
    assert await service.objects.namespaces(ADMIN) == ["default"]


async def test_a_401_with_a_good_credential_is_a_missing_repository(service: Service) -> None:
    await service.add_source()
    service.registry.failure = RegistryError(Reason.Unauthorized, Text("401", "401"), unauthorized=True)
    service.registry.outcome = probe(Reason.Verified, success=True)
    reasons = []
    for _ in range(2):
        reasons.append((await service.requests.preview(ADMIN, "default", "nginx", an_image()))["reason"])
        await service.verifier.stored("default", "harbor")
    assert reasons == ["Unauthorized", "RepositoryNotFound"]


@pytest.mark.parametrize("document", [an_image(tag=""), {}, {"spec": 5}, {**an_image(), "metadata": 5}])
async def test_a_test_fetch_wants_a_valid_spec(service: Service, document: Json) -> None:
    with pytest.raises(Invalid):
        await service.requests.preview(ADMIN, "default", "nginx", document)


class _Silent(FakeRegistry):
    """A registry that never answers."""

    async def head(self, source: Source, repository: str, tag: str) -> Any:
        await asyncio.Event().wait()


async def test_a_test_fetch_ends_with_the_sync_timeout(service: Service) -> None:
    await service.add_source()
    fetcher = Fetcher(service.store, service.keyring, _Silent())
    requests = SyncRequests(
        service.store, service.clock, fetcher, objects=service.objects, trials=Trials(service.clock)
    )
    status = await requests.preview(ADMIN, "default", "nginx", an_image(syncTimeout="1s"))
    assert (status["syncStatus"], status["reason"]) == ("Failed", "Timeout")


async def test_test_fetches_and_verifications_share_ten_a_minute(service: Service) -> None:
    operator = Actor("op", frozenset({"image-admin", AUTHENTICATED}))
    await service.add_source()
    for _ in range(5):
        await service.requests.preview(operator, "default", "nginx", an_image())
        await service.verifier.by_request(operator, "default", "harbor", {})
    with pytest.raises(TooManyRequests):
        await service.requests.preview(operator, "default", "nginx", an_image())
    with pytest.raises(TooManyRequests):
        await service.verifier.by_request(operator, "default", "harbor", {})
    await service.clock.advance(60)
    await service.requests.preview(operator, "default", "nginx", an_image())
