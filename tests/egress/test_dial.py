"""What is dialled, observed at the last step: a dialer that records each address and opens nothing."""

import errno
import ipaddress
import itertools
import socket
from collections.abc import Sequence

import pytest
from aiohttp import AddrInfoType
from structlog.testing import capture_logs

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request
from imageyard.egress.client import EgressClient
from imageyard.egress.dialer import guarded
from imageyard.egress.limits import Limits
from imageyard.egress.listeners import Listeners
from imageyard.egress.policy import Policy
from imageyard.egress.resolver import Resolver
from imageyard.egress.vetting import Vetting
from tests.egress.conftest import resolving
from tests.egress.recorder import Recorder
from tests.fakes.networks import networks


async def attempt(url: str, policy: Policy = Policy(), resolve: Resolver | None = None) -> tuple[EgressError, Recorder]:  # noqa: B008
    """Send one request through a gate whose dialer records."""
    recorder = Recorder()
    async with EgressClient(policy, resolve=resolve or resolving(), dial=recorder) as gate:
        with pytest.raises(EgressError) as caught:
            await gate.send(Request("GET", url))
    return caught.value, recorder


LITERALS = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "0.0.0.1", "169.254.169.254", "169.254.170.2", "169.254.1.1"),
    *("100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1"),
    *("224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
    *("[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::7f00:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[::FFFF:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::ffff:100.100.100.200]", "[::ffff:0:127.0.0.1]"),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]", "[64:ff9b:1:a9fe:a9:fe00::]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::]", "[2001:0:808:808::5601:5601]"),
    *("[fe80::1]", "[fe80::a9fe:a9fe]", "[fec0::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]"),
    *("[2001:db8::1]", "[3fff::1]", "[100::1]", "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:169.254.169.254]"),
]
ODD_HOSTS = [
    *("2130706433", "0177.0.0.1", "0x7f.1", "0x7f000001", "127.1", "127.0.1", "0", "017700000001", "127.0.0.1."),
    *("0x7f.0.0.1", "1.1.1.1.1", "256.256.256.256", "registry.0x7f", "0x"),
]
MALFORMED = [
    "http://user:secret@1.1.1.1/",
    "http://1.1.1.1@127.0.0.1/",
    "http://good.test\\@127.0.0.1/",
    "http://good.test#@127.0.0.1:80:80/",
    "http://127.0.0.1%00.good.test/",
    "http://%31%32%37.0.0.1/",
    "http://[fe80::1%25eth0]/",
    "http://[::1].good.test/",
    "http://[::1/",
    "http://[::1::]/",
    "http://127。0。0。1/",
    "http://ｌocalhost/",
    "http:///v2/",
    "http://:80/",
    "http://good.test:99999/",
    "http://good.test:80:80/",
    "http://good.test/\r\nHost: evil",
    "http://good.test /",
    "//127.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "unix:///var/run/docker.sock",
    "tcp://127.0.0.1:80/",
    "ws://127.0.0.1/",
    "/v2/",
    "",
]
ANSWERS = {
    "loopback": ["127.0.0.1"],
    "one bad at the end": ["1.1.1.1", "8.8.8.8", "169.254.169.254"],
    "one bad in front": ["127.0.0.1", "1.1.1.1"],
    "bad in the other family": ["1.1.1.1", "::1"],
    "mapped": ["::ffff:127.0.0.1"],
    "nat64": ["64:ff9b::a9fe:a9fe"],
    "link local with a zone": ["fe80::1%1"],
    "metadata": ["100.100.100.200"],
    "unspecified": ["0.0.0.0"],
}


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", LITERALS + ODD_HOSTS)
async def test_a_refused_host_is_never_dialled(scheme: str, host: str) -> None:
    error, recorder = await attempt(f"{scheme}://{host}:5000/v2/")
    assert (error.reason, error.step, recorder.dialled) == (Reason.EgressDenied, "address", [])


@pytest.mark.parametrize("url", MALFORMED)
async def test_what_is_no_plain_http_url_is_never_dialled(url: str) -> None:
    error, recorder = await attempt(url)
    assert (error.reason, error.step, recorder.dialled) == (Reason.EgressDenied, "address", [])


@pytest.mark.parametrize("found", ANSWERS.values(), ids=ANSWERS)
async def test_a_name_is_refused_when_any_of_its_addresses_is(found: Sequence[str]) -> None:
    error, recorder = await attempt("https://registry.test/v2/", resolve=resolving(registry_test=found))
    assert (error.reason, recorder.dialled) == (Reason.EgressDenied, [])


async def test_exactly_the_judged_addresses_are_dialled() -> None:
    found = ["1.1.1.1", "10.0.0.1", "2606:4700::1"]
    error, recorder = await attempt("https://registry.test:5443/v2/", resolve=resolving(registry_test=found))
    assert error.reason is Reason.ConnectionRefused
    assert set(recorder.dialled) == {(address, 5443) for address in found}


@pytest.mark.parametrize(
    ("url", "port"), [("http://1.1.1.1/", 80), ("https://1.1.1.1/", 443), ("http://1.1.1.1:1/", 1)]
)
async def test_an_allowed_literal_is_dialled_as_it_is(url: str, port: int) -> None:
    _, recorder = await attempt(url)
    assert recorder.dialled == [("1.1.1.1", port)]


async def test_a_name_that_changes_between_check_and_dial_is_asked_once() -> None:
    answers = [["1.1.1.1"], ["127.0.0.1"]]
    asked = []

    async def rebinding(name: str) -> Sequence[str]:
        asked.append(name)
        return answers[len(asked) - 1]

    _, recorder = await attempt("http://rebind.test/", resolve=rebinding)
    assert (asked, recorder.dialled) == (["rebind.test"], [("1.1.1.1", 80)])


async def test_even_an_answer_that_expires_at_once_is_judged_before_the_dial() -> None:
    """The worst case of rebinding: the resolver is asked again, and the second answer is refused."""
    answers = iter([["1.1.1.1"], ["127.0.0.1"]])
    recorder, now = Recorder(), itertools.count(0, 31)  # every look at the clock is half a minute later
    patient = Limits(total=1e6)

    async def rebinding(_: str) -> Sequence[str]:
        return next(answers)

    async with EgressClient(
        Policy(), resolve=rebinding, dial=recorder, limits=patient, clock=lambda: float(next(now))
    ) as gate:
        with pytest.raises(EgressError) as caught:
            await gate.send(Request("GET", "http://rebind.test/", timeout=1e6))
    assert (caught.value.reason, recorder.dialled) == (Reason.EgressDenied, [])


async def test_the_dialer_itself_refuses_what_was_not_judged_before() -> None:
    recorder = Recorder()
    dial = guarded(recorder, Vetting(Policy(), resolving(), within=1.0))
    with pytest.raises(PermissionError):
        dial((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80)))
    assert recorder.dialled == []


async def test_a_listener_that_starts_between_two_dials_is_not_reached_by_the_second() -> None:
    listeners, dialled = Listeners(), []

    def dial(info: AddrInfoType) -> socket.socket:
        dialled.append(str(info[4][0]))
        listeners.add("10.0.0.1", 443)
        raise OSError(errno.ENETUNREACH, "recorded")

    resolve = resolving(registry_test=["1.1.1.1", "10.0.0.1"])
    async with EgressClient(Policy(own_listeners=listeners), resolve=resolve, dial=dial) as gate:
        with pytest.raises(EgressError, match="EgressDenied"):
            await gate.send(Request("GET", "https://registry.test/"))
    assert dialled == ["1.1.1.1"]


async def test_a_listener_that_starts_later_closes_what_was_open() -> None:
    listeners, recorder = Listeners(), Recorder()
    policy = Policy(allow=networks("127.0.0.0/8"), own_listeners=listeners)
    async with EgressClient(policy, resolve=resolving(), dial=recorder) as gate:
        with pytest.raises(EgressError, match="ConnectionRefused"):
            await gate.send(Request("GET", "http://registry.test:8080/"))
        listeners.add("127.0.0.1", 8080)
        with pytest.raises(EgressError, match="EgressDenied"):
            await gate.send(Request("GET", "http://registry.test:8080/"))
    assert recorder.dialled == [("127.0.0.1", 8080)]


@pytest.mark.parametrize(
    ("host", "policy", "kind", "setting"),
    [
        ("127.0.0.1", Policy(), "loopback", "--egress-allow"),
        ("10.0.0.1", Policy(deny_private=True), "private", "egress_private"),
        ("169.254.169.254", Policy(), "cloud_metadata", "none"),
    ],
)
async def test_the_operators_log_names_the_setting_and_the_user_hears_one_text(
    host: str, policy: Policy, kind: str, setting: str
) -> None:
    with capture_logs() as logs:
        error, _ = await attempt(f"http://{host}:5000/v2/", policy)
    assert logs == [
        {
            "event": "egress_denied",
            "log_level": "warning",
            "host": host,
            "port": 5000,
            "address": str(ipaddress.ip_address(host)),
            "kind": kind,
            "setting": setting,
        }
    ]
    assert str(error) == "EgressDenied at address"


async def test_a_malformed_url_is_logged_without_its_text() -> None:
    with capture_logs() as logs:
        await attempt("http://user:secret@1.1.1.1/?token=secret")
    assert [entry["event"] for entry in logs] == ["egress_denied"]
    assert "secret" not in str(logs)
