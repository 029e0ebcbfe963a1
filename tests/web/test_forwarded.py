"""Forwarded headers count from trusted proxies only."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.web import forwarded

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "header", "expected"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "not an address", "10.0.0.1"),
        ("", "198.51.100.1", ""),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1:1234", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:1234, 10.0.0.2:80", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "[::ffff:198.51.100.1]:99", "198.51.100.1"),
        ("10.0.0.1", "2001:DB8:0::7", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.1:port", "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
    ],
    ids=[
        "stranger",
        "no header",
        "one hop",
        "invented prefix",
        "two proxies",
        "IPv6",
        "all ours",
        "garbage",
        "socket",
        "port",
        "ports of two",
        "IPv6 with a port",
        "IPv6 in brackets",
        "IPv4 by IPv6",
        "IPv4 by IPv6 with a port",
        "another spelling",
        "no port",
        "proxy by IPv6",
    ],
)
def test_the_nearest_untrusted_address_is_the_client(peer: str, header: str, expected: str) -> None:
    assert forwarded.client(peer, header, TRUSTED) == expected


@given(st.text(), st.text())
def test_a_stranger_moves_nothing_whatever_it_sends(peer: str, header: str) -> None:
    assert forwarded.client("203.0.113.9", header, TRUSTED) == "203.0.113.9"
    assert forwarded.client(peer, header, ()) == peer
