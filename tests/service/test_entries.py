"""What stands in an index that an image has shown, and what of it can be told without asking a registry."""

import json
from collections.abc import Sequence

import pytest

from imageyard.domain.errors import NotFound
from imageyard.domain.kinds import REPOSITORY
from imageyard.service import layouts
from imageyard.store import Content, Note
from tests.service.conftest import ADMIN, Service

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
SCOPE = "https://harbor.example.com/library/nginx"
TOP, AMD, ARM, PROOF, OTHER = (f"sha256:{n:064x}" for n in range(1, 6))
LAYERS = {AMD: (10, 20), ARM: (30,), PROOF: (1,)}


def _index(entries: Sequence[str] = (PROOF, ARM, AMD)) -> Content:
    platforms = {AMD: {"os": "linux", "architecture": "amd64"}, ARM: {"os": "linux", "architecture": "arm64"}}
    attests = {"annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
    listed = [
        {"mediaType": IMAGE, "digest": digest, "size": 1}
        | ({"platform": platforms[digest]} if digest in platforms else attests)
        for digest in entries
    ]
    return Content(SCOPE, TOP, INDEX, json.dumps({"schemaVersion": 2, "manifests": listed}).encode())


def _image(digest: str) -> Content:
    layers = [{"mediaType": "x/y", "digest": f"sha256:{size:064x}", "size": size} for size in LAYERS[digest]]
    config = {"mediaType": CONFIG, "digest": digest, "size": 5}
    return Content(SCOPE, digest, IMAGE, json.dumps({"schemaVersion": 2, "config": config, "layers": layers}).encode())


@pytest.fixture
async def shown(service: Service) -> Service:
    """An image whose history names an index; of its entries two are held."""
    await service.add_source()
    await service.add_image()
    for content in (_index(), _image(AMD), _image(PROOF)):
        await service.store.put_content(content)
    image = await service.image()
    line = b'{"digestBefore":"%s","digestAfter":"%s"}' % (OTHER.encode(), TOP.encode())
    await service.store.replace(REPOSITORY, image, note=Note("sync", 50, line, (TOP,), SCOPE))
    return service


async def test_an_entry_is_found_within_the_index_that_names_it(shown: Service) -> None:
    found = await shown.manifests.find(ADMIN, "default", "nginx", PROOF, within=TOP)
    assert found.digest == PROOF
    read = await shown.manifests.read(ADMIN, "default", "nginx", AMD, within=TOP)
    assert [layer["size"] for layer in read["layers"]] == ["10", "20"]
    assert not shown.registry.calls


@pytest.mark.parametrize(("digest", "within"), [(AMD, ""), (OTHER, TOP), (PROOF, AMD), (AMD, "sha256:" + "f" * 64)])
async def test_no_other_digest_is_found_by_naming_an_index(shown: Service, digest: str, within: str) -> None:
    with pytest.raises(NotFound):
        await shown.manifests.find(ADMIN, "default", "nginx", digest, within=within)
    assert not shown.registry.calls


async def test_an_entry_that_is_not_held_is_asked_for_by_its_digest(shown: Service) -> None:
    with pytest.raises(NotFound):
        await shown.manifests.find(ADMIN, "default", "nginx", ARM, within=TOP)
    assert shown.registry.calls["inspect"] == 1


async def test_what_is_held_is_weighed_without_asking_anybody(shown: Service) -> None:
    async def weigh(platform: str) -> dict[str, layouts.Weight]:
        return dict(await shown.manifests.weigh(ADMIN, "default", "nginx", (TOP, OTHER, "sha256:x"), platform))

    assert await weigh("linux/amd64") == {TOP: layouts.Weight(35, (f"sha256:{10:064x}", f"sha256:{20:064x}"))}
    assert await weigh("linux/arm64") == {}
    assert not shown.registry.calls


async def test_a_peek_asks_nobody_either(shown: Service) -> None:
    peeked = await shown.manifests.peek(ADMIN, "default", "nginx", TOP)
    assert peeked is not None
    assert peeked["digest"] == TOP
    assert await shown.manifests.peek(ADMIN, "default", "nginx", OTHER) is None
    assert await shown.manifests.peek(ADMIN, "default", "nginx", AMD) is None
    assert not shown.registry.calls


def test_of_an_index_the_wanted_platform_is_taken_else_the_first_that_is_one() -> None:
    assert layouts.platform_of(_index(), "linux/amd64") == AMD
    assert layouts.platform_of(_index(), "windows/amd64") == ARM
    assert layouts.platform_of(_index((PROOF,)), "linux/amd64") == ""
    assert layouts.platform_of(_image(AMD), "linux/amd64") == ""
    assert layouts.weight(Content(SCOPE, TOP, IMAGE, b"no manifest")) is None
