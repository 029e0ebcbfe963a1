"""Where a request comes from when proxies stand between: X-Forwarded-For, believed from trusted proxies only."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from imageyard.web.exchange import Exchange

Network = IPv4Network | IPv6Network


class Forwarded:
    """A guard that corrects the address of what trusted proxies pass on; everybody else's header means nothing."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = tuple(trusted)

    def __call__(self, exchanged: Exchange) -> None:
        if self._trusted:
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
