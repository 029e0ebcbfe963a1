"""Which addresses may be dialled, and why not. Pure, except that a wildcard listener asks which addresses are ours.

`ipaddress.is_global` and its neighbours are not enough: they call `::ffff:100.100.100.200`, `64:ff9b::a9fe:a9fe`,
`2002:a9fe:a9fe::`, `168.63.129.16` and `fec0::1` global, and their answers differ between Python patch releases.
So the ranges stand here (IANA special-purpose registries, RFC 6890), and an IPv6 address that carries an IPv4 one is
judged by every address it may lead to.
"""

import ipaddress
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from imageyard.egress.listeners import IPAddress
from imageyard.egress.policy import IPNetwork, Policy


class Kind(StrEnum):
    """What an address is, as the operator's log names it."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    LINK_LOCAL = "link_local"
    RESERVED = "reserved"
    UNSPECIFIED = "unspecified"
    MULTICAST = "multicast"
    METADATA = "cloud_metadata"
    OWN_LISTENER = "own_listener"


Setting = Literal["", "--egress-allow", "egress_private"]
"""What would open the address; "" when nothing does."""


class Verdict(NamedTuple):
    """`kind` is the deciding one: that of the refused form when an address has several."""

    allowed: bool
    kind: Kind
    setting: Setting = ""


NEVER: Final = frozenset({Kind.UNSPECIFIED, Kind.MULTICAST, Kind.METADATA, Kind.OWN_LISTENER})

METADATA: Final = (
    "169.254.169.254",  # AWS, Azure, Google, Oracle, OpenStack, Huawei, Tencent and most others
    "169.254.169.253",  # AWS resolver
    "169.254.170.2",  # AWS ECS task credentials
    "169.254.170.23",  # AWS EKS pod identity
    "169.254.0.23",  # Tencent
    "169.254.42.42",  # Scaleway
    "100.100.100.200",  # Alibaba
    "100.96.0.96",  # Volcengine
    "100.80.80.80",  # UCloud
    "168.63.129.16",  # Azure wire server
    "192.0.0.192",  # Oracle Classic
    "fd00:ec2::254",  # AWS
    "fd00:ec2::253",  # AWS resolver
    "fd00:ec2::23",  # AWS EKS pod identity
    "fd20:ce::254",  # Google
    "fd00:c1::a9fe:a9fe",  # Oracle
    "fd00:42::42",  # Scaleway
    "fe80::a9fe:a9fe",  # OpenStack
)


def _table(*rows: tuple[Kind, str]) -> tuple[tuple[IPNetwork, Kind], ...]:
    return tuple((ipaddress.ip_network(text), kind) for kind, texts in rows for text in texts.split())


# The first match decides; an IPv4 address in none of these is public.
_V4: Final = _table(
    (Kind.METADATA, " ".join(text for text in METADATA if "." in text)),
    (Kind.UNSPECIFIED, "0.0.0.0/8"),
    (Kind.LOOPBACK, "127.0.0.0/8"),
    (Kind.LINK_LOCAL, "169.254.0.0/16"),
    (Kind.PRIVATE, "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10"),
    (Kind.MULTICAST, "224.0.0.0/4"),
    (
        Kind.RESERVED,
        "192.0.0.0/24 192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 198.18.0.0/15 192.88.99.0/24 240.0.0.0/4",
    ),
)

# An IPv6 address in none of these is reserved: only 2000::/3 is handed out (RFC 4291 section 2.4).
# The translation prefixes count as public here, because the address inside decides.
_V6: Final = _table(
    (Kind.METADATA, " ".join(text for text in METADATA if ":" in text)),
    (Kind.UNSPECIFIED, "::/128"),
    (Kind.LOOPBACK, "::1/128"),
    (Kind.PUBLIC, "::/96 ::ffff:0:0/96 ::ffff:0:0:0/96 64:ff9b::/96 64:ff9b:1::/48 2001::/32 2002::/16"),
    (Kind.LINK_LOCAL, "fe80::/10"),
    (Kind.PRIVATE, "fc00::/7"),
    (Kind.MULTICAST, "ff00::/8"),
    (Kind.RESERVED, "2001::/23 2001:db8::/32 3fff::/20"),
    (Kind.PUBLIC, "2000::/3"),
)


def kind(address: IPAddress) -> Kind:
    """Classify one address by itself, without looking inside."""
    if address.version == 4:
        return next((kind for network, kind in _V4 if address in network), Kind.PUBLIC)
    return next((kind for network, kind in _V6 if address in network), Kind.RESERVED)


_LOW_32: Final = (1 << 32) - 1
_PADDING: Final = ipaddress.ip_network("0.0.0.0/8")
_LOW_32_CARRIERS: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in (
        "::/96",  # IPv4-compatible (RFC 4291 section 2.5.5.1)
        "::ffff:0:0/96",  # IPv4-mapped (section 2.5.5.2): the kernel dials the IPv4 address
        "::ffff:0:0:0/96",  # IPv4-translated (RFC 7915)
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # NAT64, local use (RFC 8215)
    )
)
_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_SIX_TO_FOUR: Final = ipaddress.IPv6Network("2002::/16")
_TEREDO: Final = ipaddress.IPv6Network("2001::/32")
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})


def embedded(address: IPAddress) -> Iterator[ipaddress.IPv4Address]:
    """Every IPv4 address that an IPv6 address may lead to. A NAT64 prefix of the operator's own is not known here."""
    if address.version == 4 or int(address) <= 1:
        return  # `::` and `::1` are addresses of their own, not IPv4-compatible ones
    bits = int(address)
    if any(address in network for network in _LOW_32_CARRIERS):
        yield ipaddress.IPv4Address(bits & _LOW_32)
    if address in _NAT64_LOCAL:
        yield from _local_nat64(bits)
    if address in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address(bits >> 80 & _LOW_32)  # RFC 3056
    if address in _TEREDO:
        yield ipaddress.IPv4Address(bits >> 64 & _LOW_32)  # the server (RFC 4380)
        yield ipaddress.IPv4Address(bits & _LOW_32 ^ _LOW_32)  # the client, stored inverted
    if bits >> 32 & _LOW_32 in _ISATAP:
        yield ipaddress.IPv4Address(bits & _LOW_32)  # RFC 5214


def _local_nat64(bits: int) -> Iterator[ipaddress.IPv4Address]:
    """The places for prefixes of 48, 56 and 64 bits (RFC 6052 section 2.2; bits 64 to 71 are skipped).
    Which one is in use is the network's secret. Zeros at the front are padding of another length."""
    squeezed = (bits >> 64 << 56 | bits & (1 << 56) - 1) & (1 << 72) - 1
    for shift in (40, 32, 24):
        inner = ipaddress.IPv4Address(squeezed >> shift & _LOW_32)
        if inner not in _PADDING:
            yield inner


def judge(address: IPAddress, port: int, policy: Policy) -> Verdict:
    """Decide whether `address` may be dialled at `port`: every form of it must be open by itself, so that
    `--egress-allow ::/0` opens no IPv4 loopback."""
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        address = ipaddress.IPv6Address(int(address))
    forms = [(form, _kind_for_us(form, port, policy)) for form in (address, *embedded(address))]
    for _, kind in forms:
        if kind in NEVER:
            return Verdict(False, kind)
    for form, kind in forms:
        if not _open(form, kind, port, policy):
            return Verdict(False, kind, "egress_private" if kind is Kind.PRIVATE else "--egress-allow")
    return Verdict(True, forms[-1][1])


def _kind_for_us(form: IPAddress, port: int, policy: Policy) -> Kind:
    return Kind.OWN_LISTENER if policy.own_listeners.own(form, port) else kind(form)


def _open(form: IPAddress, kind: Kind, port: int, policy: Policy) -> bool:
    if kind is Kind.PUBLIC or (kind is Kind.PRIVATE and not policy.deny_private):
        return True
    return (form, port) in policy.open_endpoints or any(form in network for network in policy.allow)
