"""imageyard's own API listeners: never dialled, also when loopback is open.

Otherwise an object could make the server speak to itself from inside (a registry source named `127.0.0.1:8443`).
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_local(address: IPAddress) -> bool:
    """Whether this machine has `address`: only a local address can be bound (nothing is sent)."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True


class Listeners:
    """The addresses and ports that imageyard itself listens on; grows while the listeners start.

    `revision` moves with every change, so that a verdict from before is judged again.
    """

    def __init__(self, is_local: Callable[[IPAddress], bool] = is_local, names: Iterable[str] = ()) -> None:
        self._is_local = is_local
        self._names = frozenset(name.lower() for name in names)
        self._exact: set[tuple[IPAddress, int]] = set()
        self._wildcard_ports: set[int] = set()
        self.revision = 0

    def add(self, host: str, port: int) -> None:
        """Add a bound address (as `getsockname` tells it); `0.0.0.0` and `::` stand for every local address.
        Raises ValueError when `host` is no numeric address."""
        address = ipaddress.ip_address(host)
        if address.is_unspecified:
            self._wildcard_ports.add(port)
        else:
            self._exact.add((address, port))
        self.revision += 1

    def own(self, address: IPAddress, port: int) -> bool:
        """Whether dialling `address` and `port` would reach imageyard itself."""
        if (address, port) in self._exact:
            return True
        return port in self._wildcard_ports and self._is_local(address)

    def named(self, host: str, port: int) -> bool:
        """Whether somebody who resolves `host` himself would reach imageyard: by one of its names, at its port."""
        ports = self._wildcard_ports | {port for _, port in self._exact}
        return port in ports and host in self._names
