"""What an IP address tells of who is behind it. Pure."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

_PREFIX: Final = 64


def plain(text: str) -> str:
    """An address in its one spelling: an IPv4 address that came by IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2)
    is that of IPv4. What is no address stays as it is."""
    address = parse(text)
    return text if address is None else str(address)


def parse(text: str) -> IPv4Address | IPv6Address | None:
    """None for what is no address."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """Whom to count an address to. Who has one of IPv6 has 2^64 of them (RFC 6177): their /64; of IPv4, itself."""
    if ":" not in address:
        return address
    known = parse(address.partition("%")[0])
    if not isinstance(known, IPv6Address):
        return address if known is None else str(known)
    return str(ip_network((known, _PREFIX), strict=False))
