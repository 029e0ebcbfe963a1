"""Where a request comes from and how, when proxies stand between: X-Forwarded-For and X-Forwarded-Proto, believed from
trusted proxies only."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from imageyard.domain import peers
from imageyard.web.exchange import Exchange

Network = IPv4Network | IPv6Network


class Forwarded:
    """A guard that corrects address and scheme of what trusted proxies pass on; others' headers mean nothing."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def __call__(self, exchanged: Exchange) -> None:
        if self._trusted:
            if _among(exchanged.address, self._trusted):
                exchanged.scheme = scheme(exchanged.scheme, exchanged.header(b"x-forwarded-proto"))
            exchanged.address = client(exchanged.address, exchanged.header(b"x-forwarded-for"), self._trusted)


def client(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The nearest address that is no trusted proxy. Each proxy appends whom it was asked by, so the list is read from
    its end; what stands before an address we do not trust may be anybody's invention."""
    address = peer
    for hop in reversed([hop.strip() for hop in forwarded_for.split(",") if hop.strip()]):
        if not _among(address, trusted):
            break
        address = _without_port(hop)
    return peer if peers.parse(address) is None else address


_PORTED: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}")
"""As some proxies write whom they were asked by: `[2001:db8::1]:443`, `[2001:db8::1]`, `192.0.2.1:1234`."""


def _without_port(hop: str) -> str:
    found = _PORTED.fullmatch(hop)
    return peers.plain(found[1] or found[2] if found else hop)


def scheme(spoken: str, told: str) -> str:
    """What the client spoke to the proxy; what the proxy spoke to us where that is not told plainly."""
    return told if told in ("http", "https") else spoken


def _among(text: str, networks: Sequence[Network]) -> bool:
    address = peers.parse(text)
    return address is not None and any(address in network for network in networks)
