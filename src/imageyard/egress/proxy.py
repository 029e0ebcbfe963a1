"""The operator's outbound proxy: which requests take it, and what is shown to it (RFC 9110 sections 9.3.6, 11.7.1).

The proxy resolves and dials, so it must keep the rule about addresses; what can be judged without resolving is judged
here. This machine's loopback never lies behind a proxy: it is dialled directly, where the gate judges it.
"""

import base64
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self

from yarl import URL

from imageyard.domain.secret import Secret
from imageyard.egress import address as addresses
from imageyard.egress.address import Kind
from imageyard.egress.listeners import IPAddress
from imageyard.egress.policy import IPNetwork, Policy
from imageyard.egress.target import Origin

AUTHORIZATION: Final = "Proxy-Authorization"

_METADATA_NAMES: Final = frozenset(
    {
        "metadata",
        "metadata.google.internal",
        "metadata.goog",
        "instance-data",
        "instance-data.ec2.internal",
        "metadata.tencentyun.com",
        "metadata.platformequinix.com",
        "metadata.packet.net",
    }
)
"""Names that providers give to their metadata addresses. Without a proxy the address behind a name decides."""


@dataclass(frozen=True, slots=True)
class Direct:
    """`--egress-no-proxy`: hosts by their whole name, `.suffix` for what lies below a domain, networks for literals."""

    names: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    networks: tuple[IPNetwork, ...] = ()

    @classmethod
    def of(cls, entries: Iterable[str | IPNetwork]) -> Self:
        listed = list(entries)
        texts = [entry.lower() for entry in listed if isinstance(entry, str)]
        return cls(
            frozenset(text for text in texts if not text.startswith(".")),
            tuple(text for text in texts if text.startswith(".")),
            tuple(entry for entry in listed if not isinstance(entry, str)),
        )

    def covers(self, host: str, address: IPAddress | None) -> bool:
        if address is not None:
            return any(address in network for network in self.networks)
        return host in self.names or host.endswith(self.suffixes)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is spoken to over plain HTTP. `login` is `user:password`, empty for none."""

    host: str
    port: int
    login: Secret = field(default_factory=lambda: Secret(""))
    direct: Direct = field(default_factory=Direct)

    @property
    def address(self) -> IPAddress | None:
        """Set when the host is a literal, which no resolver ever sees."""
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def url(self) -> URL:
        return URL.build(scheme="http", host=self.host, port=self.port)

    @property
    def authorization(self) -> Secret | None:
        """The value of Proxy-Authorization (Basic, RFC 7617)."""
        if not self.login:
            return None
        return Secret("Basic " + base64.b64encode(self.login.reveal().encode()).decode())

    def carries(self, origin: Origin) -> bool:
        """Whether a request to `origin` takes the proxy."""
        host = origin.host.removesuffix(".")
        return not _is_loopback(host, origin.address) and not self.direct.covers(host, origin.address)


def _is_loopback(host: str, address: IPAddress | None) -> bool:
    if address is None:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761 section 6.3
    return any(addresses.kind(form) is Kind.LOOPBACK for form in (address, *addresses.embedded(address)))


def refusal(origin: Origin, policy: Policy) -> Kind | None:
    """Why the name of `origin` is not handed to the proxy, None when it is."""
    host = origin.host.removesuffix(".")
    if host in _METADATA_NAMES:
        return Kind.METADATA
    return Kind.OWN_LISTENER if policy.own_listeners.named(host, origin.port) else None
