"""The sample registry as it runs beside the product, asked by skopeo: a client that knows nothing of it."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from imageyard.domain.secret import Secret
from imageyard.sample import catalogue, images, moving
from imageyard.sample.images import Step
from imageyard.sample.objects import Credentials
from imageyard.sample.server import SampleRegistry
from tests.fakes import programs, registries
from tests.fakes.clock import FakeClock

CREDENTIALS = Credentials("demo", Secret("sample-pass"))
CREDS = ["--creds", "demo:sample-pass", "--tls-verify=false"]


@pytest.fixture
async def sample() -> AsyncIterator[SampleRegistry]:
    async with SampleRegistry(CREDENTIALS, clock=FakeClock()) as sample:
        yield sample


@pytest.mark.needs("skopeo")
@pytest.mark.parametrize("image", [f"{catalogue.NGINX}:1.27", f"{catalogue.REDIS}:7.2"], ids=["bearer", "basic"])
async def test_skopeo_signs_in_and_inspects(sample: SampleRegistry, image: str) -> None:
    told = json.loads(await programs.run("skopeo", "inspect", *CREDS, f"docker://{sample.address}/{image}"))
    name, _, tag = image.partition(":")
    assert told["Digest"] == sample.registry.storage.manifest(name, tag).digest
    assert told["Architecture"] == "amd64"
    assert tag in told["RepoTags"]


@pytest.mark.needs("skopeo")
async def test_skopeo_is_told_when_the_password_is_wrong(sample: SampleRegistry) -> None:
    wrong = ["--creds", "demo:wrong", "--tls-verify=false"]
    url = f"docker://{sample.address}/{catalogue.NGINX}:1.27"
    assert "invalid username/password" in await programs.run("skopeo", "inspect", *wrong, url, check=False)


@pytest.mark.needs("skopeo")
async def test_skopeo_pushes_every_platform(sample: SampleRegistry) -> None:
    image = images.multi_platform("pushed", (Step("COPY base /", 1_000),))
    await registries.push(sample.address, image, "team/pushed", "1.0", "--dest-creds", "demo:sample-pass")
    storage = sample.registry.storage
    assert storage.manifest("team/pushed", "1.0").body == image.body
    for child in image.children:
        assert storage.manifest("team/pushed", child.digest).body == child.body


async def test_the_tag_moves_while_it_runs() -> None:
    clock = FakeClock()
    async with SampleRegistry(CREDENTIALS, clock=clock) as sample:
        before = sample.registry.storage.manifest(moving.REPOSITORY, moving.TAG).digest
        await clock.advance(moving.EVERY.total_seconds())
        assert sample.registry.storage.manifest(moving.REPOSITORY, moving.TAG).digest != before


async def test_a_taken_port_is_an_error(sample: SampleRegistry) -> None:
    port = int(sample.address.partition(":")[2])
    with pytest.raises(OSError, match="in use"):
        async with SampleRegistry(CREDENTIALS, port=port):
            pass


async def test_it_comes_back_on_its_port_and_leaves_nothing_running() -> None:
    async with SampleRegistry(CREDENTIALS) as first, aiohttp.ClientSession() as session:
        async with session.get(f"http://{first.address}/v2/") as answer:
            assert answer.status == 401
        port = int(first.address.partition(":")[2])
    async with SampleRegistry(CREDENTIALS, port=port) as second:
        assert second.address == first.address
    assert asyncio.all_tasks() == {asyncio.current_task()}
