"""Each digest that an image shows can be read, or the answer says why not."""

import asyncio

import pytest

from imageyard.domain.errors import Corrupt, NotFound, Unavailable
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Platform
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import RegistryError
from imageyard.service.fetch import Resolved
from imageyard.service.manifests import Manifests
from imageyard.store import Content, Note
from tests.fakes.registry import probe
from tests.service.conftest import ADMIN, CANARY, Json, Service


async def synced(service: Service, *, told: bool = True, platforms: tuple[str, ...] = ()) -> str:
    """One sync as the engine does it; answers the digest. `told`: the status shows it, else the history alone does."""
    image = await service.image()
    resolved = await service.fetcher.resolve("default", image.spec)
    assert isinstance(resolved, Resolved)
    fetched = await service.fetcher.fetch(resolved.source, image.spec, None)
    await service.fetcher.keep(fetched)
    assert fetched.manifest is not None
    fetched.manifest.platforms += [Platform("linux", "arm64", digest=digest) for digest in platforms]
    image.status.manifest = fetched.manifest if told else None
    line = b'{"digestAfter":"%s"}' % fetched.manifest.digest.encode()
    note = Note("sync", 50, line, fetched.digests, fetched.scope)
    await service.store.replace(REPOSITORY, image, note=note)
    service.registry.calls.clear()
    return fetched.manifest.digest


async def read(service: Service, digest: str) -> Json:
    return dict(await service.manifests.read(ADMIN, "default", "nginx", digest))


async def ready(service: Service) -> None:
    await service.add_source()
    await service.add_image()
    service.registry.push("library/nginx", "1.27", size=77)


async def test_the_manifest_of_a_digest_in_the_status(service: Service) -> None:
    await ready(service)
    digest = await synced(service)
    shown = await read(service, digest)
    assert (shown["digest"], shown["mediaType"]) == (digest, "application/vnd.oci.image.manifest.v1+json")
    assert shown["manifest"]["schemaVersion"] == 2
    assert shown["config"]["architecture"] == "amd64"
    assert [layer["size"] for layer in shown["layers"]] == ["77"]
    assert not service.registry.calls


async def test_the_manifest_of_a_digest_in_the_history(service: Service) -> None:
    await ready(service)
    digest = await synced(service, told=False)
    assert (await read(service, digest))["digest"] == digest


async def test_any_other_digest_is_not_found(service: Service) -> None:
    await ready(service)
    await synced(service)
    other = service.registry.push("library/nginx", "other")
    for wanted in (other, "sha256:" + "0" * 64, "../../x"):
        with pytest.raises(NotFound):
            await read(service, wanted)
    assert not service.registry.calls


@pytest.mark.parametrize("change", ["repository", "registryRef", "domain", "source gone"])
async def test_what_was_read_stays_readable_when_the_image_moves_on(service: Service, change: str) -> None:
    await ready(service)
    digest = await synced(service)
    await service.add_source("hub", domain="docker.io")
    match change:
        case "repository":
            await service.merge_image({"spec": {"repository": "library/other"}})
        case "registryRef":
            await service.merge_image({"spec": {"registryRef": {"name": "hub"}}})
        case "domain":
            await service.merge_source({"spec": {"domain": "elsewhere.example.com", "password": CANARY}})
        case "source gone":
            await service.objects.delete(ADMIN, REGISTRY_SECRET, "default", "harbor")
    assert (await read(service, digest))["config"]["architecture"] == "amd64"
    assert not service.registry.calls


async def test_what_another_image_read_elsewhere_is_not_shown(service: Service) -> None:
    """A digest held from one registry says nothing about what this image's registry lets its account see."""
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    await service.add_source("hub", domain="docker.io")
    await service.add_image("spy", registryRef={"name": "hub", "namespace": "default"}, tag="arm")
    other = (await service.image("spy")).spec
    resolved = await service.fetcher.resolve("default", other)
    assert isinstance(resolved, Resolved)
    await service.fetcher.keep(await service.fetcher.fetch(resolved.source, other, None))
    service.registry.failure = RegistryError(Reason.Forbidden, Text("拒绝", "denied"))
    with pytest.raises(Unavailable):
        await read(service, platform)


async def test_a_platform_that_was_never_read_is_asked_for_and_then_held(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm", size=5)
    await synced(service, platforms=(platform,))
    shown = await read(service, platform)
    assert (shown["digest"], [layer["size"] for layer in shown["layers"]]) == (platform, ["5"])
    assert [source.username for source in service.registry.sources][-1] == "robot"
    assert await read(service, platform) == shown
    assert service.registry.calls["inspect"] == 1


async def test_many_who_ask_for_the_same_ask_the_registry_once(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    service.registry.during_inspect = lambda: asyncio.sleep(0)
    shown = await asyncio.gather(*(read(service, platform) for _ in range(5)))
    assert shown == [shown[0]] * 5
    assert service.registry.calls["inspect"] == 1


@pytest.mark.parametrize("reason", [Reason.ConnectionRefused, Reason.Unauthorized, Reason.ServerError])
async def test_a_registry_that_cannot_be_asked_is_told_with_its_reason(service: Service, reason: Reason) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    words = Text("出错了", "it went wrong")
    service.registry.failure = RegistryError(reason, words, retry_after=6.5)
    with pytest.raises(Unavailable) as refused:
        await read(service, platform)
    failure = refused.value
    assert words.zh in failure.text.zh
    assert words.en in failure.text.en
    assert [(cause.reason, cause.text) for cause in failure.causes] == [(reason, words)]
    assert (failure.kind, failure.name, failure.retry_after) == ("manifest", platform, 7)


async def test_a_source_that_is_gone_is_why_what_is_not_held_cannot_be_asked_for(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    await service.objects.delete(ADMIN, REGISTRY_SECRET, "default", "harbor")
    with pytest.raises(Unavailable) as refused:
        await read(service, platform)
    assert [cause.reason for cause in refused.value.causes] == [Reason.RegistryNotFound]


async def test_a_digest_that_the_registry_does_not_have_is_not_found(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    service.registry.drop(platform)
    with pytest.raises(NotFound) as missing:
        await read(service, platform)
    assert "registry" in missing.value.text.en


async def test_a_repository_out_of_sight_of_a_good_credential_is_not_found(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    service.registry.outcome = probe(Reason.Verified, success=True)
    await service.verifier.stored("default", "harbor")
    service.registry.failure = RegistryError(Reason.Unauthorized, Text("拒绝", "denied"), unauthorized=True)
    with pytest.raises(NotFound):
        await read(service, platform)


async def test_nobody_waits_for_ever_for_a_silent_registry(service: Service) -> None:
    await ready(service)
    platform = service.registry.push("library/nginx", "arm")
    await synced(service, platforms=(platform,))
    service.registry.during_inspect = asyncio.Event().wait
    manifests = Manifests(service.store, service.fetcher, service.objects, patience=0.01)
    with pytest.raises(Unavailable) as refused:
        await manifests.read(ADMIN, "default", "nginx", platform)
    assert [cause.reason for cause in refused.value.causes] == [Reason.Timeout]


async def test_what_an_earlier_version_kept_and_nobody_can_read_is_told_as_damaged(service: Service) -> None:
    await ready(service)
    digest = await synced(service)
    [scope] = await service.store.scopes((await service.image()).metadata.uid, digest)
    await service.store.put_content(Content(scope, digest, "application/vnd.oci.image.manifest.v1+json", b"[]"))
    with pytest.raises(Corrupt, match="cannot be read"):
        await read(service, digest)
