"""What operators are shown of settings: where each came from, no secret among it; and what the gate would do."""

import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from imageyard.app import installation
from imageyard.app.files import DataDir
from imageyard.domain.access import MASTERS, Actor
from imageyard.domain.errors import Invalid, NotFound, TooManyRequests
from imageyard.egress.client import EgressClient
from imageyard.egress.policy import Policy
from imageyard.egress.proxy import Proxy
from imageyard.service.trials import Trials
from imageyard.settings import NAMES, ProxyAddress, Settings
from imageyard.web.installation import Installation, Opinion
from tests.fakes.clock import FakeClock

MASTER = Actor("ada", frozenset({MASTERS}))
CANARY = "canary-Pr0xyPassw0rd"
NAMED = {
    "public.example": ["93.184.216.34"],
    "mixed.example": ["93.184.216.34", "10.1.2.3"],
    "home.example": ["127.0.0.1"],
}


async def resolve(name: str) -> Sequence[str]:
    if name not in NAMED:
        raise OSError
    return NAMED[name]


def never(address: Any) -> socket.socket:
    raise AssertionError("nothing is dialled")


def made(
    settings: Settings, policy: Policy, origins: Mapping[str, str] | None = None, proxy: Proxy | None = None
) -> Installation:
    gate = EgressClient(policy, resolve=resolve, dial=never, proxy=proxy)
    clock = FakeClock()
    return installation.of(settings, origins or {}, DataDir(Path("/data")), 8443, clock, gate, Trials(clock))


def test_every_setting_is_told_with_where_it_came_from_and_secrets_as_stars() -> None:
    settings = Settings(
        data_dir=Path("/data"),
        key_source="command",
        key_command=f"vault read {CANARY}",
        egress_proxy=ProxyAddress("proxy.example", 3128, f"me:{CANARY}"),
    )
    origins = {"key_command": "/data/config.toml", "egress_proxy": "environment", "data_dir": "flag"}
    held = made(settings, Policy(), origins)
    assert [each.name for each in held.settings] == [*NAMES]
    shown = {each.name: (each.value, each.origin) for each in held.settings}
    assert shown["key_command"] == ("***", "file")
    assert shown["egress_proxy"] == ("http://***@proxy.example:3128", "environment")
    assert shown["data_dir"] == ("/data", "flag")
    assert shown["port"] == ("8080", "default")
    assert CANARY not in repr(held)
    assert all(each.about.zh and each.about.en for each in held.settings)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("public.example", [("93.184.216.34", True, "public", "")]),
        ("mixed.example", [("93.184.216.34", True, "public", ""), ("10.1.2.3", False, "private", "egress_private")]),
        ("home.example:5000", [("127.0.0.1", False, "loopback", "egress_allow")]),
        ("169.254.169.254", [("169.254.169.254", False, "cloud_metadata", "")]),
        ("192.0.2.7", [("192.0.2.7", True, "reserved", "egress_allow")]),
        ("[::ffff:127.0.0.1]:5000", [("::ffff:7f00:1", False, "loopback", "egress_allow")]),
    ],
)
async def test_the_gate_is_asked_by_its_own_rules(host: str, expected: list[tuple[str, bool, str, str]]) -> None:
    settings = Settings(egress_private="deny", egress_allow=(ip_network("192.0.2.0/24"),))
    policy = Policy(allow=(ip_network("192.0.2.0/24"),), deny_private=True)
    found = await made(settings, policy).consider(MASTER, host)
    assert [tuple(each)[:4] for each in found] == expected


async def test_the_sample_registry_is_opened_by_the_setting_that_starts_it() -> None:
    policy = Policy(open_endpoints=frozenset({(ip_address("127.0.0.1"), 5051)}))
    held = made(Settings(sample=True), policy)
    (own,), (other,) = await held.consider(MASTER, "127.0.0.1:5051"), await held.consider(MASTER, "127.0.0.1:5052")
    assert (own.allowed, own.setting) == (True, "sample")
    assert (other.allowed, other.setting) == (False, "egress_allow")


async def test_a_name_that_the_proxy_resolves_is_not_resolved_here() -> None:
    held = made(Settings(), Policy(), proxy=Proxy("proxy.example", 3128))
    assert await held.consider(MASTER, "unknown.example") == [Opinion("", True, "public", "", True)]
    (refused,) = await held.consider(MASTER, "metadata.google.internal")
    assert not refused.allowed


@pytest.mark.parametrize("host", ["", "http://x", "a b", "x/y", "user@x", "2130706433", "x:99999"])
async def test_what_is_no_host_is_told_so(host: str) -> None:
    with pytest.raises(Invalid):
        await made(Settings(), Policy()).consider(MASTER, host)


async def test_a_name_without_an_address_is_told_so() -> None:
    with pytest.raises(NotFound):
        await made(Settings(), Policy()).consider(MASTER, "unknown.example")


async def test_who_is_no_operator_asks_so_often_a_minute() -> None:
    held, eve = made(Settings(), Policy()), Actor("eve", frozenset())
    for _ in range(10):
        await held.consider(eve, "public.example")
    with pytest.raises(TooManyRequests):
        await held.consider(eve, "public.example")
