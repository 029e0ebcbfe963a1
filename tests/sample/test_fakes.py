"""The helpers others rely on: Debian's docker-registry in each mode, filled by skopeo."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from imageyard.sample import images
from imageyard.sample.images import Image
from tests.fakes import programs, registries
from tests.fakes.registries import DockerRegistry, Mode

STEPS = (images.Step("COPY base /", 2_000), images.Step('CMD ["run"]'))


async def head(registry: DockerRegistry, authorization: str) -> tuple[int, str]:
    """Status and digest of the image the tests push."""
    headers: dict[str, str] = {"Accept": f"{images.OCI_INDEX}, {images.OCI_MANIFEST}, {images.DOCKER_MANIFEST}"}
    if authorization:
        headers["Authorization"] = authorization
    url = f"{registry.url}/v2/library/demo/manifests/1.0"
    async with aiohttp.ClientSession() as client, client.head(url, headers=headers, ssl=False) as answer:
        return answer.status, answer.headers.get("Docker-Content-Digest", "")


async def sign_in(registry: DockerRegistry) -> str:
    """The Authorization header the registry's challenge asks for."""
    basic = aiohttp.encode_basic_auth(registry.user, registry.password.reveal())
    if registry.mode != "token":
        return basic if registry.mode == "htpasswd" else ""
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{registry.url}/v2/", ssl=False) as answer:
            challenge = answer.headers["WWW-Authenticate"]
        realm = challenge.partition('realm="')[2].partition('"')[0]
        query = {"service": "docker-registry", "scope": "repository:library/demo:pull"}
        async with client.get(realm, params=query, headers={"Authorization": basic}, ssl=False) as answer:
            token: dict[str, Any] = await answer.json()
    return f"Bearer {token['token']}"


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize("tls", [False, True], ids=["http", "tls"])
@pytest.mark.parametrize("mode", ["none", "htpasswd", "token"])
async def test_docker_registry_serves_what_was_pushed(tmp_path: Path, mode: Mode, tls: bool) -> None:
    image = images.multi_platform("demo", STEPS)
    async with registries.docker_registry(tmp_path, mode, tls=tls) as registry:
        await registry.push(image, "library/demo", "1.0")
        assert await head(registry, await sign_in(registry)) == (200, image.digest)
        if mode != "none":
            assert (await head(registry, ""))[0] == 401


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize(
    "image",
    [
        pytest.param(images.single("demo", STEPS), id="oci"),
        pytest.param(images.single("demo", STEPS, docker=True), id="docker"),
        pytest.param(images.helm_chart("demo", "1.0", "a chart"), id="helm"),
    ],
)
async def test_every_sort_of_image_reaches_docker_registry_unchanged(
    docker_registry: DockerRegistry, image: Image
) -> None:
    await docker_registry.push(image, "library/demo", "1.0")
    assert await head(docker_registry, "") == (200, image.digest)


async def test_a_missing_program_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IMAGEYARD_TEST_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-program"):
        programs.need("no-such-program")
    monkeypatch.setenv("IMAGEYARD_TEST_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install no-such-program"):
        programs.need("no-such-program")
