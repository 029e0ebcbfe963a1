"""What the operator opened and closed. No field of an object reaches this."""

import ipaddress
from dataclasses import dataclass, field

from imageyard.egress.listeners import IPAddress, Listeners

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Policy:
    """Where bytes may go, beyond what is always refused (see `address`)."""

    allow: tuple[IPNetwork, ...] = ()
    """`--egress-allow`: opens loopback, link-local, reserved and (when denied) private ranges; nothing else."""

    deny_private: bool = False
    """`egress_private = "deny"`: closes RFC 1918, unique local and shared address space."""

    open_endpoints: frozenset[tuple[IPAddress, int]] = frozenset()
    """Exact endpoints opened by the server itself: the sample registry's address and port."""

    own_listeners: Listeners = field(default_factory=Listeners)
    """Refused always; filled by the server as its listeners start."""
