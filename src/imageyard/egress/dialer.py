"""The last step before a packet: aiohttp asks here for the socket of each address it dials, literals included."""

import ipaddress
import socket
from collections.abc import Callable

from aiohttp import AddrInfoType

from imageyard.egress.vetting import Vetting

Dial = Callable[[AddrInfoType], socket.socket]
"""Makes the unconnected socket for (family, type, protocol, name, sockaddr)."""


class Undialled(PermissionError):
    """A refused address came as far as the dialer. An OSError, since aiohttp races its dials and passes on no other."""


def open_socket(info: AddrInfoType) -> socket.socket:
    """Make a plain socket."""
    family, kind, protocol, _, _ = info
    return socket.socket(family, kind, protocol)


def guarded(dial: Dial, vetting: Vetting) -> Dial:
    """`dial`, for allowed addresses only. The second line: whatever aiohttp may come to do with a host that was
    judged before (parse it otherwise, resolve it itself), the address it really dials is judged here."""

    def judged(info: AddrInfoType) -> socket.socket:
        host, port = str(info[4][0]), int(info[4][1])
        if not vetting.allows(host, ipaddress.ip_address(host), port):
            raise Undialled
        return dial(info)

    return judged
