"""Which addresses may be dialled: the tables, and the rule for IPv6 addresses that carry an IPv4 one."""

import ipaddress
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.egress import address as addresses
from imageyard.egress.address import Kind, Verdict
from imageyard.egress.listeners import IPAddress, Listeners
from imageyard.egress.policy import Policy
from tests.fakes.networks import networks

DEFAULT = Policy()
EVERYTHING = Policy(allow=networks("0.0.0.0/0", "::/0"))


def judge(text: str, policy: Policy = DEFAULT, port: int = 443) -> Verdict:
    return addresses.judge(ipaddress.ip_address(text), port, policy)


PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "198.20.0.1", "223.255.255.255"]
PUBLIC_V6 = ["2606:4700::1111", "2001:4860::8888", "2400:3200::1", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.2.136", "fd00::1"]
BY_FLAG = {
    "127.0.0.1": Kind.LOOPBACK,
    "127.255.255.254": Kind.LOOPBACK,
    "::1": Kind.LOOPBACK,
    "169.254.1.1": Kind.LINK_LOCAL,
    "fe80::1": Kind.LINK_LOCAL,
    "fe80::1%2": Kind.LINK_LOCAL,
    "fec0::1": Kind.RESERVED,
    "192.0.0.1": Kind.RESERVED,
    "192.0.2.1": Kind.RESERVED,
    "198.51.100.1": Kind.RESERVED,
    "203.0.113.1": Kind.RESERVED,
    "198.18.0.1": Kind.RESERVED,
    "198.19.255.255": Kind.RESERVED,
    "192.88.99.1": Kind.RESERVED,
    "240.0.0.1": Kind.RESERVED,
    "255.255.255.255": Kind.RESERVED,
    "2001:db8::1": Kind.RESERVED,
    "2001:2::1": Kind.RESERVED,
    "2001:10::1": Kind.RESERVED,
    "3fff::1": Kind.RESERVED,
    "100::1": Kind.RESERVED,
    "5f00::1": Kind.RESERVED,
    "4000::1": Kind.RESERVED,
}
NEVER = {
    "0.0.0.0": Kind.UNSPECIFIED,
    "0.0.0.1": Kind.UNSPECIFIED,
    "::": Kind.UNSPECIFIED,
    "224.0.0.1": Kind.MULTICAST,
    "239.255.255.255": Kind.MULTICAST,
    "ff02::1": Kind.MULTICAST,
    **dict.fromkeys(addresses.METADATA, Kind.METADATA),
}


@pytest.mark.parametrize("text", PUBLIC + PUBLIC_V6)
def test_public_addresses_are_open(text: str) -> None:
    assert judge(text).allowed


@pytest.mark.parametrize("text", PRIVATE)
def test_private_addresses_are_open_until_the_operator_denies_them_and_can_be_reopened_one_by_one(text: str) -> None:
    denied = Policy(deny_private=True)
    reopened = Policy(deny_private=True, allow=networks(text))
    assert judge(text) == Verdict(True, Kind.PRIVATE)
    assert judge(text, denied) == Verdict(False, Kind.PRIVATE, "egress_private")
    assert judge(text, reopened).allowed


@pytest.mark.parametrize(("text", "kind"), BY_FLAG.items())
def test_special_ranges_are_opened_by_the_flag_alone(text: str, kind: Kind) -> None:
    assert judge(text) == Verdict(False, kind, "--egress-allow")
    assert judge(text, EVERYTHING).allowed


@pytest.mark.parametrize(("text", "kind"), NEVER.items())
def test_some_addresses_are_opened_by_no_flag(text: str, kind: Kind) -> None:
    assert judge(text, EVERYTHING) == Verdict(False, kind)


def test_a_flag_opens_what_it_names_and_nothing_beside_it() -> None:
    policy = Policy(allow=networks("127.0.0.2"))
    assert judge("127.0.0.2", policy).allowed
    assert judge("::ffff:127.0.0.2", policy).allowed
    assert not judge("127.0.0.1", policy).allowed
    assert not judge("::1", policy).allowed


def test_the_sample_registry_opens_its_address_and_port_and_nothing_else() -> None:
    policy = Policy(open_endpoints=frozenset({(ipaddress.ip_address("127.0.0.1"), 5000)}))
    assert judge("127.0.0.1", policy, port=5000).allowed
    assert not judge("127.0.0.1", policy, port=5001).allowed
    assert not judge("127.0.0.2", policy, port=5000).allowed


def test_own_listeners_are_refused_also_when_loopback_is_open() -> None:
    listeners = Listeners()
    policy = Policy(allow=networks("127.0.0.0/8", "::1"), own_listeners=listeners)
    listeners.add("127.0.0.1", 8443)
    assert judge("127.0.0.1", policy, port=8443) == Verdict(False, Kind.OWN_LISTENER)
    assert judge("::ffff:127.0.0.1", policy, port=8443) == Verdict(False, Kind.OWN_LISTENER)
    assert judge("127.0.0.1", policy, port=5000).allowed


@pytest.mark.parametrize("bind", ["0.0.0.0", "::"])
def test_a_listener_on_every_address_is_refused_at_every_address_of_this_machine(bind: str) -> None:
    ours = ipaddress.ip_address("10.1.2.3")
    listeners = Listeners(is_local=lambda address: address == ours)
    policy = Policy(own_listeners=listeners)
    listeners.add(bind, 443)
    assert judge("10.1.2.3", policy) == Verdict(False, Kind.OWN_LISTENER)
    assert judge("10.1.2.4", policy).allowed
    assert judge("10.1.2.3", policy, port=5000).allowed


def test_this_machine_knows_its_own_addresses() -> None:
    listeners = Listeners()
    listeners.add("0.0.0.0", 443)
    assert listeners.own(ipaddress.ip_address("127.0.0.1"), 443)
    assert listeners.own(ipaddress.ip_address("127.8.8.8"), 443)
    assert not listeners.own(ipaddress.ip_address("192.0.2.1"), 443)
    assert not listeners.own(ipaddress.ip_address("2001:db8::1"), 443)


def test_a_listener_is_added_as_bound_never_by_name() -> None:
    with pytest.raises(ValueError, match="localhost"):
        Listeners().add("localhost", 443)


EMBEDDINGS: dict[str, Callable[[int], int]] = {
    "mapped": lambda v4: 0xFFFF << 32 | v4,
    "translated": lambda v4: 0xFFFF << 48 | v4,
    "nat64": lambda v4: 0x64_FF9B << 96 | v4,
    "nat64 local /96": lambda v4: 0x64_FF9B_0001 << 80 | v4,
    "nat64 local /96, own prefix": lambda v4: 0x64_FF9B_0001_00AB << 64 | v4,
    "nat64 local /48": lambda v4: 0x64_FF9B_0001 << 80 | v4 >> 16 << 64 | (v4 & 0xFFFF) << 40 | 0x0101_0101 >> 8,
    "nat64 local /64": lambda v4: 0x64_FF9B_0001 << 80 | v4 << 24,
    "6to4": lambda v4: 0x2002 << 112 | v4 << 80 | 1,
    "teredo server": lambda v4: 0x2001_0000 << 96 | v4 << 64 | 0xF7F7_F7F7,
    "teredo client": lambda v4: 0x2001_0000 << 96 | 0x0808_0808 << 64 | (v4 ^ 0xFFFF_FFFF),
    "isatap": lambda v4: 0x2606_4700 << 96 | 0x5EFE << 32 | v4,
    "isatap, global": lambda v4: 0x2606_4700 << 96 | 0x0200_5EFE << 32 | v4,
}
V4 = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from([int(ipaddress.ip_address(text)) for text in (*BY_FLAG, *NEVER, *PRIVATE) if "." in text]),
)
POLICIES = st.sampled_from(
    [
        DEFAULT,
        EVERYTHING,
        Policy(deny_private=True),
        *(Policy(allow=networks(text)) for text in ("127.0.0.0/8", "::/0")),
    ]
)


@given(V4, st.sampled_from(sorted(EMBEDDINGS)), POLICIES)
def test_every_ipv6_form_of_a_refused_ipv4_address_is_refused(v4: int, form: str, policy: Policy) -> None:
    inner = ipaddress.IPv4Address(v4)
    outer: IPAddress = ipaddress.IPv6Address(EMBEDDINGS[form](v4))
    padding = form in ("nat64 local /48", "nat64 local /64") and inner in ipaddress.ip_network("0.0.0.0/8")
    if not padding and not addresses.judge(inner, 443, policy).allowed:
        assert not addresses.judge(outer, 443, policy).allowed


@given(V4)
def test_an_ipv4_compatible_address_is_judged_by_what_is_inside(v4: int) -> None:
    """`::` and `::1` stand for themselves."""
    expected = addresses.judge(ipaddress.IPv4Address(v4), 443, DEFAULT).allowed
    assert addresses.judge(ipaddress.IPv6Address(v4), 443, DEFAULT).allowed == (expected and v4 > 1)


@pytest.mark.parametrize("form", ["mapped", "translated", "nat64", "nat64 local /96", "6to4", "isatap"])
def test_an_embedded_public_address_stays_reachable(form: str) -> None:
    """DNS64 answers such addresses for every IPv4-only registry."""
    outer = ipaddress.IPv6Address(EMBEDDINGS[form](int(ipaddress.ip_address("8.8.8.8"))))
    assert addresses.judge(outer, 443, DEFAULT).allowed


@given(st.integers(0, 2**128 - 1).map(ipaddress.IPv6Address) | st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_what_no_flag_opens_is_also_refused_by_default(address: IPAddress) -> None:
    if not addresses.judge(address, 443, EVERYTHING).allowed:
        assert not addresses.judge(address, 443, DEFAULT).allowed
