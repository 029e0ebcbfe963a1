"""Every fault does what it says, as often as it was told, and where."""

import asyncio
import hashlib
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from imageyard.sample import faults, images
from imageyard.sample.faults import Fault
from imageyard.sample.images import Step
from tests.fakes import registries
from tests.fakes.authority import Authority
from tests.fakes.registries import Served
from tests.sample import asking
from tests.sample.asking import Client

IMAGE = images.single("demo", (Step("COPY base /", 500),))
PATH = "/v2/team/demo/manifests/1.0"
BROKEN = (aiohttp.ClientError, asyncio.TimeoutError)


@pytest.fixture(autouse=True)
def content(sample_registry: Served) -> None:
    sample_registry.registry.storage.put("team/demo", "1.0", IMAGE)


def script(served: Served, fault: Fault, **where: Any) -> None:
    served.registry.script.add(fault, **where)


async def test_a_fault_serves_its_count_and_is_spent(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.status(503), times=2)
    assert [(await client.get(PATH)).status for _ in range(3)] == [503, 503, 200]
    assert sample_registry.registry.script.spent


async def test_a_fault_meets_only_its_path_and_method(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.status(405), path="*/manifests/*", method="HEAD", times=None)
    assert (await client.get("/v2/")).status == 200
    assert (await client.get(PATH)).status == 200
    assert (await client.head(PATH)).status == 405


async def test_a_fault_can_wait_until_somebody_signed_in() -> None:
    async with registries.sample(registries.basic_access()) as served, asking.client(served.url) as client:
        script(served, faults.status(500), signed_in=True)
        basic = asking.basic(served.user, served.password.reveal())
        assert (await client.get("/v2/")).status == 401
        assert (await client.get("/v2/", authorization=basic)).status == 500


async def test_faults_come_in_the_order_they_were_added(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.too_many("1", {"ratelimit-remaining": "0;w=21600"}), times=2)
    script(sample_registry, faults.html(502))
    first, second, third, fourth = [await client.get(PATH) for _ in range(4)]
    assert (first.status, first.code, first.headers["Retry-After"]) == (429, "TOOMANYREQUESTS", "1")
    assert first.headers["Ratelimit-Remaining"] == "0;w=21600"
    assert (second.status, third.status, fourth.status) == (429, 502, 200)
    assert third.headers["Content-Type"].startswith("text/html")


async def test_a_cleared_script_does_nothing(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.status(500), times=None)
    sample_registry.registry.script.clear()
    assert (await client.get(PATH)).status == 200


async def test_the_digest_header_can_lie_or_be_missing(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.wrong_digest())
    script(sample_registry, faults.no_digest())
    lying, silent = await client.head(PATH), await client.head(PATH)
    assert lying.headers["Docker-Content-Digest"] == "sha256:" + "0" * 64
    assert "Docker-Content-Digest" not in silent.headers
    assert silent.headers["Content-Length"] == str(len(IMAGE.body))


async def test_bodies_can_be_other_than_their_digest(client: Client, sample_registry: Served) -> None:
    for fault in (faults.tampered(), faults.oversized(5_000_000), faults.garbage()):
        script(sample_registry, fault)
    tampered, oversized, garbage = [await client.get(PATH) for _ in range(3)]
    assert len(oversized.body) == 5_000_000
    assert garbage.body.startswith(b"\x00")
    for answer in (tampered, oversized, garbage):
        assert answer.status == 200
        assert answer.headers["Docker-Content-Digest"] == IMAGE.digest
        assert hashlib.sha256(answer.body).hexdigest() not in IMAGE.digest


async def test_rate_limit_headers_ride_on_the_true_answer(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.quota(100, 76))
    answer = await client.head(PATH)
    assert (answer.status, answer.headers["ratelimit-limit"]) == (200, "100;w=21600")
    assert answer.headers["ratelimit-remaining"] == "76;w=21600"


async def test_blobs_can_live_at_another_origin(client: Client, sample_registry: Served) -> None:
    async with registries.sample() as store:
        script(sample_registry, faults.redirect(store.url), path="*/blobs/*", times=None)
        answer = await client.get(f"/v2/team/demo/blobs/{images.digest_of(IMAGE.blobs[0])}")
        assert answer.status == 307
        assert answer.headers["Location"].startswith(store.url + "/v2/team/demo/blobs/sha256:")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults.dropped(), id="dropped"),
        pytest.param(faults.truncated(10), id="truncated"),
        pytest.param(faults.raw(), id="no-http"),
    ],
)
async def test_broken_connections_break_only_once(client: Client, sample_registry: Served, fault: Fault) -> None:
    script(sample_registry, fault)
    # A POST, since aiohttp quietly repeats a GET whose connection was dropped before the first byte.
    with pytest.raises(BROKEN):
        await client.ask("POST", PATH)
    assert (await client.get(PATH)).status == 200


async def test_a_silent_registry_answers_nobody(client: Client, sample_registry: Served) -> None:
    script(sample_registry, faults.silence())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.get(PATH), 0.05)
    assert (await client.get(PATH)).status == 200


async def test_a_held_answer_comes_when_it_is_let_go(client: Client, sample_registry: Served) -> None:
    release = asyncio.Event()
    script(sample_registry, faults.held(release), method="GET")
    held = asyncio.create_task(client.get(PATH))
    assert (await client.head(PATH)).status == 200
    assert not held.done()
    release.set()
    assert (await held).body == IMAGE.body


async def test_a_listener_ends_while_answers_are_held() -> None:
    async with aiohttp.ClientSession() as session:
        async with registries.sample() as served:
            served.registry.script.add(faults.held(asyncio.Event()))
            served.registry.script.add(faults.silence())
            waiting = [asyncio.create_task(Client(session, served.url).get("/v2/")) for _ in range(2)]
            await asyncio.wait(waiting, timeout=0.05)
            assert served.registry.log.count() == 2
        for task in waiting:
            with pytest.raises(BROKEN):
                await task


async def test_the_log_tells_who_showed_a_credential() -> None:
    async with registries.sample() as served, asking.client(served.url) as client:
        await client.get("/v2/", accept="a/b", user_agent="tests/1")
        await client.head("/v2/x/manifests/y?q=1", authorization="Bearer secret-token")
        first, second = served.registry.log.requests
        assert (first.scheme, first.authorization, first.accept, first.user_agent) == ("", None, "a/b", "tests/1")
        assert (second.scheme, second.query, second.host) == ("bearer", "q=1", served.address)
        assert second.authorization is not None
        assert second.authorization.reveal() == "Bearer secret-token"
        assert "secret-token" not in repr(second)
        assert served.registry.log.lines() == ["GET /v2/", "HEAD /v2/x/manifests/y"]
        assert served.registry.log.count("HEAD", "manifests") == 1
        served.registry.log.clear()
        assert served.registry.log.count() == 0


async def test_tls_comes_from_a_private_ca(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with registries.sample(certificate=authority.issue()) as served, aiohttp.ClientSession() as session:
        trusting = ssl.create_default_context(cafile=authority.ca)
        async with session.get(f"{served.url}/v2/", ssl=trusting) as answer:
            assert answer.status == 200
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{served.url}/v2/")
