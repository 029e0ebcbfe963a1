"""Time limits, with the product's seconds scaled down."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, limits
from imageyard.egress.client import EgressClient
from imageyard.egress.limits import Limits
from tests.egress.conftest import LOOPBACK, resolving
from tests.egress.servers import answer, serving, silence

SHORT = Limits(connect=0.2, first_byte=0.2, total=0.5)


@pytest.fixture
async def hasty() -> AsyncIterator[EgressClient]:
    async with EgressClient(LOOPBACK, resolve=resolving(), limits=SHORT) as client:
        yield client


def test_the_products_limits_are_those_of_the_specification() -> None:
    product = Limits(connect=5, first_byte=10, total=30, header_line=16_384, headers=128)
    assert product == limits.PRODUCT


async def outcome(gate: EgressClient, request: Request) -> tuple[Reason, str]:
    with pytest.raises(EgressError) as caught:
        await gate.send(request)
    return caught.value.reason, caught.value.step


async def test_a_server_that_never_answers_is_given_up_after_the_first_byte_limit(hasty: EgressClient) -> None:
    async with serving(silence) as server:
        assert await outcome(hasty, Request("GET", server.url())) == (Reason.Timeout, "registry")
    assert server.connections == 1


async def test_a_dripping_body_is_given_up_after_the_total(hasty: EgressClient) -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with serving(drip) as server:
        began = asyncio.get_running_loop().time()
        assert await outcome(hasty, Request("GET", server.url())) == (Reason.Timeout, "registry")
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.5, abs=0.3)


async def test_a_request_may_ask_for_less_time_but_not_for_more() -> None:
    patient = replace(SHORT, first_byte=10.0)
    async with EgressClient(LOOPBACK, resolve=resolving(), limits=patient) as gate, serving(silence) as server:
        loop = asyncio.get_running_loop()
        for asked, granted in ((0.1, 0.1), (20.0, 0.5)):
            began = loop.time()
            assert await outcome(gate, Request("GET", server.url(), timeout=asked)) == (Reason.Timeout, "registry")
            assert loop.time() - began == pytest.approx(granted, abs=0.3)


async def test_a_handshake_that_never_ends_is_a_timeout_of_tls(hasty: EgressClient) -> None:
    async with serving(silence) as server:
        request = Request("GET", server.url(scheme="https"))
        assert await outcome(hasty, request) == (Reason.Timeout, "tls")


async def test_a_host_that_drops_packets_is_a_timeout_of_the_address(hasty: EgressClient) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        queued = [socket.socket() for _ in range(3)]
        for one in queued:  # fill the backlog, so that the kernel answers no more
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        assert await outcome(hasty, Request("GET", f"http://127.0.0.1:{port}/")) == (Reason.Timeout, "address")
        for one in queued:
            one.close()


async def test_a_name_server_that_hangs_is_a_failed_lookup_and_holds_up_nobody_else() -> None:
    async def resolve(name: str) -> Sequence[str]:
        if name == "hangs.test":
            await asyncio.Event().wait()
        return ["127.0.0.1"]

    async with EgressClient(LOOPBACK, resolve=resolve, limits=SHORT) as gate, serving(answer()) as server:
        hanging = asyncio.create_task(outcome(gate, Request("GET", server.url(host="hangs.test"))))
        assert (await gate.send(Request("GET", server.url(host="works.test")))).status == 200
        assert not hanging.done()
        assert await hanging == (Reason.DNSFailed, "address")


async def test_a_cancelled_request_ends_and_leaves_the_gate_usable(hasty: EgressClient) -> None:
    asked = asyncio.Event()

    async def never(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await silence(writer)

    async with serving(never, answer()) as server:
        task = asyncio.create_task(hasty.send(Request("GET", server.url())))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await hasty.send(Request("GET", server.url()))).status == 200
