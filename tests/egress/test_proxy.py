"""The operator's outbound proxy: what takes it, what it is shown, and what is said when it fails."""

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, TLSOptions
from imageyard.egress.client import EgressClient
from imageyard.egress.limits import Limits
from imageyard.egress.listeners import Listeners
from imageyard.egress.policy import Policy
from imageyard.egress.proxy import Direct, Proxy
from imageyard.egress.target import parse
from imageyard.registry import errors, peer, unanswered
from imageyard.registry.origin import Origin
from tests.egress.certificates import Certificate, issue
from tests.egress.conftest import LOOPBACK, resolving
from tests.egress.forward_proxy import ForwardProxy, forwarding
from tests.egress.servers import answer, hang_up, serving, silence
from tests.fakes.networks import networks

LOGIN = "yard:s3cret pass"
CREDENTIAL = "Basic cmVnaXN0cnk6cGFzc3dvcmQ="
SIGNED = {"Authorization": CREDENTIAL}


@pytest.fixture(scope="module")
def authority() -> Certificate:
    return issue("Test CA", authority=True)


async def nobody(name: str) -> Sequence[str]:
    raise AssertionError(f"{name} was resolved here")


@asynccontextmanager
async def through(proxy: Proxy, policy: Policy = LOOPBACK) -> AsyncIterator[EgressClient]:
    """A gate that sends through `proxy` and may resolve nothing."""
    async with EgressClient(policy, proxy=proxy, resolve=nobody) as gate:
        yield gate


async def failure(gate: EgressClient, url: str) -> tuple[Reason, str, str]:
    with pytest.raises(EgressError) as caught:
        await gate.send(Request("GET", url, SIGNED))
    return caught.value.reason, caught.value.step, caught.value.hint


async def test_https_goes_through_a_tunnel_in_which_the_targets_name_is_verified(
    authority: Certificate, tmp_path: Path
) -> None:
    asked: list[str] = []
    context = issue(issuer=authority).context(tmp_path)
    context.sni_callback = lambda _sock, name, _context: asked.append(name)
    async with serving(answer(), tls=context) as server, forwarding(LOGIN) as proxy:
        async with through(proxy.setting(login=LOGIN)) as gate:
            request = Request("GET", server.url(scheme="https", host="registry.test"), SIGNED, tls=trusted(authority))
            assert (await gate.send(request)).status == 200
            assert (await gate.send(request)).status == 200
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT registry.test:{server.port} HTTP/1.1\r\nHost: registry.test:{server.port}\r\n")
    assert "Proxy-Authorization: Basic " in head
    assert "\r\nAuthorization" not in head
    assert "aiohttp" not in head
    assert CREDENTIAL.encode() not in proxy.tunnelled
    assert asked == ["registry.test"]
    assert [f"Authorization: {CREDENTIAL}\r\n" in seen for seen in server.heads] == [True, True]
    assert not any("Proxy-Authorization" in seen for seen in server.heads)


def trusted(authority: Certificate) -> TLSOptions:
    return TLSOptions(authority.pem)


async def test_a_server_behind_the_proxy_needs_a_certificate_for_its_own_name(
    authority: Certificate, tmp_path: Path
) -> None:
    other = issue(issuer=authority, names=("other.test",))
    async with serving(answer(), tls=other.context(tmp_path)) as server, forwarding() as proxy:
        async with through(proxy.setting()) as gate:
            url = server.url(scheme="https", host="registry.test")
            with pytest.raises(EgressError) as caught:
                await gate.send(Request("GET", url, SIGNED, tls=trusted(authority)))
    assert (caught.value.reason, caught.value.step, caught.value.hint) == (Reason.TLSInvalid, "tls", "host_mismatch")
    assert server.heads == []


async def test_a_tunnel_of_one_trust_is_not_used_under_another(authority: Certificate, tmp_path: Path) -> None:
    context = issue(issuer=authority).context(tmp_path)
    async with serving(answer(), tls=context) as server, forwarding() as proxy:
        async with through(proxy.setting()) as gate:
            url = server.url(scheme="https", host="registry.test")
            assert (await gate.send(Request("GET", url, tls=TLSOptions(skip_verify=True)))).status == 200
            assert await failure(gate, url) == (Reason.TLSInvalid, "tls", "unknown_issuer")


async def test_plain_http_is_asked_in_absolute_form() -> None:
    async with serving(answer(body=b"hello")) as server, forwarding(LOGIN) as proxy:
        async with through(proxy.setting(login=LOGIN)) as gate:
            got = await gate.send(Request("GET", server.url("/v2/?n=1", host="registry.test"), SIGNED))
    assert got.body == b"hello"
    assert proxy.heads[0].startswith(f"GET http://registry.test:{server.port}/v2/?n=1 HTTP/1.1\r\n")
    assert "Proxy-Authorization" not in server.heads[0]
    assert f"Authorization: {CREDENTIAL}\r\n" in server.heads[0]


@pytest.mark.parametrize(
    "entry", ["registry.test", ".test", "127.0.0.0/8"], ids=["a host", "a suffix", "a network for literals"]
)
async def test_what_the_operator_leaves_direct_is_resolved_judged_and_dialled_here(entry: str) -> None:
    host = "127.0.0.1" if "/" in entry else "registry.test"
    async with serving(answer()) as server, forwarding() as proxy:
        direct = Direct.of([ip_network(entry) if "/" in entry else entry])
        setting = Proxy("127.0.0.1", proxy.port, direct=direct)
        async with EgressClient(LOOPBACK, proxy=setting, resolve=resolving()) as gate:
            assert (await gate.send(Request("GET", server.url(host=host)))).status == 200
        closed = Policy(open_endpoints=frozenset({(ip_network("127.0.0.1").network_address, proxy.port)}))
        async with EgressClient(closed, proxy=setting, resolve=resolving()) as gate:
            assert await failure(gate, server.url(host=host)) == (Reason.EgressDenied, "address", "")
    assert proxy.heads == []


@pytest.mark.parametrize(
    ("url", "carried"),
    [
        ("https://registry.corp/", False),
        ("https://REGISTRY.corp./", False),
        ("https://other.registry.corp/", True),
        ("https://deep.below.intra/", False),
        ("https://intra/", True),
        ("https://notintra/", True),
        ("https://10.1.2.3/", False),
        ("https://11.1.2.3/", True),
        ("https://[fd00::1]/", False),
        ("https://example.com/", True),
        ("http://localhost:5000/", False),
        ("http://x.localhost/", False),
        ("http://127.0.0.1:5051/", False),
        ("http://[::1]/", False),
        ("http://[::ffff:127.0.0.1]/", False),
    ],
)
def test_exact_hosts_suffixes_networks_and_loopback_go_direct(url: str, carried: bool) -> None:
    direct = Direct.of(["Registry.corp", ".intra", *networks("10.0.0.0/8", "fd00::/8")])
    assert Proxy("proxy.corp", 3128, direct=direct).carries(parse(url)[1]) is carried


REFUSED = [
    *("http://169.254.169.254/", "https://100.100.100.200/", "http://[64:ff9b::a9fe:a9fe]/", "http://0.0.0.0/"),
    *("http://metadata.google.internal/", "http://METADATA.goog./", "https://instance-data/", "http://224.0.0.1/"),
    *("https://yard.corp:8443/", "http://10.9.9.9:8443/", "http://2130706433/", "http://user@registry.test/"),
    *("http://localhost:9/", "http://127.0.0.1:9/", "http://192.0.2.1/"),
]


@pytest.mark.parametrize("url", REFUSED)
async def test_what_is_never_reached_directly_is_not_asked_of_the_proxy_either(url: str) -> None:
    listeners = Listeners(names=["Yard.corp"])
    listeners.add("10.9.9.9", 8443)
    async with forwarding() as proxy:
        opened = frozenset({(ip_network("127.0.0.1").network_address, proxy.port)})
        policy = Policy(own_listeners=listeners, open_endpoints=opened)
        async with EgressClient(policy, proxy=proxy.setting(), resolve=resolving()) as gate:
            assert await failure(gate, url) == (Reason.EgressDenied, "address", "")
    assert proxy.heads == []


async def test_private_literals_follow_the_setting_also_through_the_proxy() -> None:
    async with forwarding(answer=b"HTTP/1.1 204 No Content\r\n\r\n") as proxy:
        async with through(proxy.setting()) as gate:
            assert (await gate.send(Request("GET", "http://10.1.2.3/"))).status == 204
        closed = Policy(allow=networks("127.0.0.0/8"), deny_private=True)
        async with through(proxy.setting(), closed) as gate:
            assert await failure(gate, "http://10.1.2.3/") == (Reason.EgressDenied, "address", "")


async def test_the_proxys_own_address_passes_the_gate() -> None:
    async with forwarding() as proxy, through(proxy.setting(), Policy()) as gate:
        assert await failure(gate, "https://registry.test/") == (Reason.EgressDenied, "address", "proxy_unreachable")
    assert proxy.heads == []
    own = Listeners()
    own.add("127.0.0.1", proxy.port)
    async with through(proxy.setting(), Policy(LOOPBACK.allow, own_listeners=own)) as gate:
        assert (await failure(gate, "http://registry.test/"))[0] is Reason.EgressDenied


BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
FAILURES = [
    (b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n", "https", Reason.EgressDenied, "proxy_login"),
    (b"HTTP/1.1 407 Login\r\nContent-Length: 0\r\n\r\n", "http", Reason.EgressDenied, "proxy_login"),
    (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "https", Reason.EgressDenied, "proxy_refused"),
    (BAD_GATEWAY, "https", Reason.ConnectionRefused, "proxy_gateway"),
    (b"SSH-2.0-OpenSSH\r\n\r\n", "https", Reason.ConnectionRefused, "proxy_gateway"),
]


@pytest.mark.parametrize(("said", "scheme", "reason", "hint"), FAILURES)
async def test_a_refusal_of_the_proxy_is_told_apart_from_one_of_the_registry(
    said: bytes, scheme: str, reason: Reason, hint: str
) -> None:
    async with forwarding(answer=said) as proxy, through(proxy.setting(login="yard:wrong")) as gate:
        with capture_logs() as logs:
            assert await failure(gate, f"{scheme}://registry.test/") == (reason, "address", hint)
    (line,) = logs
    assert (line["event"], line["log_level"], line["hint"]) == ("egress_failed", "warning", hint)
    assert "wrong" not in str(line)


GREEDY = [
    b"302 Found\r\nLocation: https://evil.test/",
    b"307 Temporary Redirect\r\nLocation: http://evil.test/",
    b'401 Unauthorized\r\nWWW-Authenticate: Basic realm="registry.test"',
    b'407 Login\r\nProxy-Authenticate: Basic realm="registry.test"',
    b"200 OK\r\nContent-Type: text/plain",
]


@pytest.mark.parametrize("said", GREEDY)
async def test_no_answer_of_a_proxy_gets_it_what_is_meant_for_the_registry(said: bytes) -> None:
    told = b"HTTP/1.1 " + said + b"\r\nContent-Length: 0\r\n\r\n"
    async with forwarding(answer=told) as proxy, through(proxy.setting(login=LOGIN)) as gate:
        await failure(gate, "https://registry.test/")
    assert [head.partition(" ")[0] for head in proxy.heads] == ["CONNECT"]
    assert CREDENTIAL not in proxy.heads[0]
    assert CREDENTIAL.encode() not in proxy.tunnelled


async def test_a_proxy_that_is_not_there_or_hangs_up_is_named() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with through(Proxy("127.0.0.1", closed.getsockname()[1])) as gate:
            for scheme in ("http", "https"):
                expected = (Reason.ConnectionRefused, "address", "proxy_unreachable")
                assert await failure(gate, f"{scheme}://registry.test/") == expected
    async with serving(hang_up) as rude, through(Proxy("127.0.0.1", rude.port)) as gate:
        assert await failure(gate, "https://registry.test/") == (Reason.ConnectionRefused, "address", "proxy_gateway")


async def test_a_proxy_whose_name_is_unknown_is_named() -> None:
    async def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown name")

    async with EgressClient(LOOPBACK, proxy=Proxy("proxy.corp", 3128), resolve=unknown) as gate:
        assert await failure(gate, "https://registry.test/") == (Reason.DNSFailed, "address", "proxy_unreachable")


async def test_a_proxy_that_keeps_silent_is_a_timeout_at_the_proxy() -> None:
    async with (
        serving(silence) as server,
        EgressClient(
            LOOPBACK, proxy=Proxy("127.0.0.1", server.port), resolve=nobody, limits=Limits(connect=0.2)
        ) as gate,
    ):
        assert await failure(gate, "https://registry.test/") == (Reason.Timeout, "address", "proxy_gateway")


@pytest.mark.parametrize("hint", ["proxy_unreachable", "proxy_login", "proxy_refused", "proxy_gateway"])
def test_the_words_name_the_setting_and_not_the_registry(hint: str) -> None:
    failed = EgressError(Reason.ConnectionRefused, "address", hint)
    said = errors.advised(unanswered.error(failed, peer.registry(Origin("https", "registry.test", 443))))
    assert "egress_proxy" in said.zh
    assert "egress_proxy" in said.en
    assert "出站代理" in said.zh
    assert "the outbound proxy" in said.en


def test_the_login_is_never_shown() -> None:
    proxy = ForwardProxy(port=1).setting(login=LOGIN)
    assert "s3cret" not in f"{proxy!r} {proxy} {proxy.url} {proxy.authorization}"
