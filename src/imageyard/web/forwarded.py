"""Where a request comes from and how, when proxies stand between: X-Forwarded-For and X-Forwarded-Proto, believed from
trusted proxies only."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

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
        address = hop
    return address if _is_address(address) else peer


def scheme(spoken: str, told: str) -> str:
    """What the client spoke to the proxy; what the proxy spoke to us where that is not told plainly."""
    return told if told in ("http", "https") else spoken


def _among(text: str, networks: Sequence[Network]) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return any(address in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
