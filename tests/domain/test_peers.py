"""Whom an address is counted to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain import peers


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("no:address", "no:address"),
    ],
)
def test_an_address_of_ipv6_counts_as_its_64_and_one_of_ipv4_as_itself(address: str, expected: str) -> None:
    assert peers.network(address) == expected


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_that_came_by_ipv6_is_that_of_ipv4(address: object) -> None:
    assert peers.plain(f"::ffff:{address}") == str(address)


@given(st.text())
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert peers.parse(text) is not None or (peers.plain(text), peers.network(text)) == (text, text)
