"""Networks as an operator opens them."""

from ipaddress import IPv4Network, IPv6Network, ip_network


def networks(*texts: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, texts))
