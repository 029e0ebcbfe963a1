"""One exchange over a real socket: what is sent, what is read, what is refused."""

import asyncio
import gzip
import traceback
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import pytest

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, Response
from imageyard.egress.client import EgressClient
from tests.egress.conftest import LOOPBACK, resolving
from tests.egress.servers import answer, hang_up, serving


async def fails(gate: EgressClient, request: Request) -> tuple[Reason, str, str]:
    with pytest.raises(EgressError) as caught:
        await gate.send(request)
    return caught.value.reason, caught.value.step, caught.value.hint


async def test_an_answer_arrives_whole_with_lower_case_headers_in_order_and_repeats_kept(gate: EgressClient) -> None:
    lines = ("WWW-Authenticate: Bearer realm=a", "www-authenticate: Basic", "X-Odd: caf\xe9")
    async with serving(answer("401 Unauthorized", b"{}", *lines)) as server:
        response = await gate.send(Request("GET", server.url("/v2/")))
    assert response == Response(
        url=server.url("/v2/"),
        status=401,
        headers=(
            ("www-authenticate", "Bearer realm=a"),
            ("www-authenticate", "Basic"),
            ("x-odd", "caf\xe9"),
            ("content-length", "2"),
        ),
        body=b"{}",
    )
    assert response.header("www-authenticate") == "Bearer realm=a"
    assert response.header("absent") == ""


async def test_a_request_says_who_asks_and_repeats_header_lines(gate: EgressClient) -> None:
    async with serving(answer()) as server:
        headers = (("Accept", "a/b"), ("Accept", "c/d"), ("Authorization", "Bearer t"))
        await gate.send(Request("GET", server.url("/v2/", host="registry.test"), headers=headers))
    lines = server.heads[0].split("\r\n")
    assert lines[0] == "GET /v2/ HTTP/1.1"
    assert f"Host: registry.test:{server.port}" in lines
    assert f"User-Agent: imageyard/{version('imageyard')}" in lines
    assert "Accept-Encoding: identity" in lines
    assert [line for line in lines if line.startswith("Accept:")] == ["Accept: a/b", "Accept: c/d"]
    assert "Authorization: Bearer t" in lines


async def test_a_url_is_sent_as_written(gate: EgressClient) -> None:
    """A signature covers the bytes of the path and query; `%7E` must not become `~`."""
    async with serving(answer()) as server:
        await gate.send(Request("GET", server.url("/b%7Eob/../x?sig=a%2Fb+c%3D&e=%7e#part")))
    assert server.heads[0].startswith("GET /b%7Eob/../x?sig=a%2Fb+c%3D&e=%7e HTTP/1.1\r\n")


async def test_a_post_carries_its_body(gate: EgressClient) -> None:
    async with serving(answer(body=b"{}")) as server:
        request = Request("POST", server.url("/token"), {"Content-Type": "text/plain"}, body=b"grant_type=password")
        await gate.send(request)
    assert server.bodies == [b"grant_type=password"]


async def test_the_body_of_an_answer_to_head_is_not_awaited(gate: EgressClient) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Encoding: gzip\r\n\r\n"
    async with serving(head) as server:
        for _ in range(2):
            response = await gate.send(Request("HEAD", server.url()))
    assert (response.status, response.body, server.connections) == (200, b"", 1)


async def test_a_redirect_is_an_answer_and_not_followed(gate: EgressClient) -> None:
    async with (
        serving(answer()) as elsewhere,
        serving(answer("307 Temporary Redirect", b"", f"Location: {elsewhere.url()}")) as server,
    ):
        response = await gate.send(Request("GET", server.url()))
    assert (response.status, response.header("location")) == (307, elsewhere.url())
    assert elsewhere.connections == 0


async def test_cookies_are_not_kept(gate: EgressClient) -> None:
    async with serving(answer("200 OK", b"", "Set-Cookie: session=1; Path=/")) as server:
        for _ in range(2):
            await gate.send(Request("GET", server.url(host="registry.test")))
    assert not any("cookie" in head.lower() for head in server.heads)


async def test_proxies_netrc_and_key_logs_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login joe password secret\n")
    async with serving(answer()) as proxy, serving(answer()) as server:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        async with EgressClient(LOOPBACK, resolve=resolving()) as gate:
            await gate.send(Request("GET", server.url(host="registry.test")))
    assert (proxy.connections, server.connections) == (0, 1)
    assert "authorization" not in server.heads[0].lower()


async def test_connections_are_reused(gate: EgressClient) -> None:
    async with serving(answer(body=b"x" * 1000)) as server:
        for _ in range(3):
            await gate.send(Request("GET", server.url()))
    assert server.connections == 1


async def close_after_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(answer(body=b"first"))


async def test_a_pooled_connection_that_the_server_closed_is_replaced(gate: EgressClient) -> None:
    async with serving(close_after_answer, answer(body=b"second")) as server:
        bodies = [(await gate.send(Request("GET", server.url()))).body for _ in range(2)]
    assert (bodies, server.connections) == ([b"first", b"second"], 2)


async def test_a_get_on_a_connection_that_dies_under_it_is_sent_once_more(gate: EgressClient) -> None:
    async with serving(answer(body=b"first"), hang_up, answer(body=b"again")) as server:
        bodies = [(await gate.send(Request("GET", server.url()))).body for _ in range(2)]
    assert (bodies, server.connections) == ([b"first", b"again"], 2)


async def test_a_post_is_never_sent_twice(gate: EgressClient) -> None:
    async with serving(answer(), hang_up, answer()) as server:
        await gate.send(Request("POST", server.url(), body=b"1"))
        outcome = await fails(gate, Request("POST", server.url(), body=b"2"))
    assert outcome == (Reason.ConnectionRefused, "registry", "closed")
    assert server.bodies == [b"1", b"2"]


async def test_a_server_that_always_hangs_up_is_asked_twice_and_no_more(gate: EgressClient) -> None:
    async with serving(hang_up) as server:
        outcome = await fails(gate, Request("GET", server.url()))
    assert outcome == (Reason.ConnectionRefused, "registry", "closed")
    assert server.connections == 2


async def test_a_closed_port_is_connection_refused(gate: EgressClient) -> None:
    async with serving(answer()) as server:
        pass
    for scheme in ("http", "https"):
        outcome = await fails(gate, Request("GET", server.url(scheme=scheme)))
        assert outcome == (Reason.ConnectionRefused, "address", "")


async def cut_short(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial")


async def test_a_body_that_is_cut_short_is_no_answer(gate: EgressClient) -> None:
    async with serving(cut_short) as server:
        outcome = await fails(gate, Request("GET", server.url()))
    assert outcome == (Reason.ConnectionRefused, "registry", "closed")


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
        b"\x00" * 200,
        b"220 mail.test ESMTP\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
    ids=["ssh", "tls alert", "zeros", "smtp", "status", "header", "length", "long header", "many headers"],
)
async def test_bytes_that_are_no_http_are_no_registry(gate: EgressClient, garbage: bytes) -> None:
    async with serving(garbage) as server:
        outcome = await fails(gate, Request("GET", server.url()))
    assert outcome == (Reason.NotARegistry, "registry", "")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip"])
async def test_an_encoded_body_is_refused_unread(gate: EgressClient, encoding: str) -> None:
    bomb = answer("200 OK", gzip.compress(b"0" * 100_000), f"Content-Encoding: {encoding}")
    async with serving(bomb) as server:
        outcome = await fails(gate, Request("GET", server.url()))
    assert outcome == (Reason.NotARegistry, "registry", "")


async def test_identity_is_no_encoding(gate: EgressClient) -> None:
    async with serving(answer("200 OK", b"{}", "Content-Encoding: identity")) as server:
        assert (await gate.send(Request("GET", server.url()))).body == b"{}"


def chunked(*chunks: bytes) -> bytes:
    parts = [f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in (*chunks, b"")]
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"".join(parts)


@pytest.mark.parametrize("whole", [answer(body=b"x" * 1000), chunked(*[b"x" * 100] * 10)], ids=["length", "chunked"])
async def test_a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer(gate: EgressClient, whole: bytes) -> None:
    async with serving(whole) as server:
        assert len((await gate.send(Request("GET", server.url(), limit=1000))).body) == 1000
        outcome = await fails(gate, Request("GET", server.url(), limit=999))
    assert outcome == (Reason.ResponseTooLarge, "registry", "")


@pytest.mark.parametrize("whole", [answer(body=b"x" * 1000), chunked(*[b"x" * 100] * 10)], ids=["length", "chunked"])
async def test_a_body_may_be_cut_where_only_its_beginning_is_looked_at(gate: EgressClient, whole: bytes) -> None:
    async with serving(whole) as server:
        assert (await gate.send(Request("GET", server.url(), limit=999, cut=True))).body == b"x" * 999


@pytest.mark.parametrize("status", ["302 Found", "404 Not Found", "503 Service Unavailable"])
async def test_of_an_error_64_kib_are_read_and_the_rest_is_left_off(gate: EgressClient, status: str) -> None:
    async with serving(answer(status, b"x" * 300_000)) as server:
        response = await gate.send(Request("GET", server.url(), limit=4_000_000))
    assert (response.status, len(response.body)) == (int(status[:3]), 65_536)


async def test_an_endless_body_is_dropped_at_the_limit(gate: EgressClient) -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with serving(endless) as server:
        outcome = await fails(gate, Request("GET", server.url(), limit=1_000_000))
    assert outcome == (Reason.ResponseTooLarge, "registry", "")
    assert sent < 16_000_000


async def test_a_failure_keeps_no_trace_of_the_credential_or_the_address(gate: EgressClient) -> None:
    """aiohttp's exceptions hold the request with its headers; whoever prints ours must not print theirs."""
    async with serving(b"garbage\r\n\r\n") as server:
        request = Request("GET", server.url(), {"Authorization": "Basic hunter2"})
        with pytest.raises(EgressError) as caught:
            await gate.send(request)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert caught.value.__context__ is None
    assert "hunter2" not in shown
    assert "127.0.0.1" not in shown


async def test_a_gate_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await EgressClient(LOOPBACK, resolve=resolving()).send(Request("GET", "http://registry.test/"))


async def test_a_server_that_greets_before_it_is_asked_is_no_registry_however_fast_it_is(gate: EgressClient) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v2/"
        outcomes = [await fails(gate, Request("GET", url)) for _ in range(50)]
    assert set(outcomes) == {(Reason.NotARegistry, "registry", "")}


INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


async def test_a_few_interim_answers_are_passed_over_each_time(gate: EgressClient) -> None:
    async with serving(INTERIM * 5 + answer(body=b"{}")) as server:
        answers = [await gate.send(Request("GET", server.url())) for _ in range(3)]
    assert [(each.status, each.body) for each in answers] == [(200, b"{}")] * 3
    assert server.connections == 1


@pytest.mark.parametrize("code", ["100 Continue", "103 Early Hints"])
async def test_a_server_that_sends_only_interim_answers_is_no_registry_and_holds_nobody_up(
    gate: EgressClient, code: str
) -> None:
    async def forever(writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(f"HTTP/1.1 {code}\r\n\r\n".encode() * 1000)
                await writer.drain()

    async with asyncio.timeout(5), serving(forever) as server:
        assert await fails(gate, Request("GET", server.url())) == (Reason.NotARegistry, "registry", "")
