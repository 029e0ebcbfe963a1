"""A dialer that writes down each address and opens nothing."""

import errno
import socket

from aiohttp import AddrInfoType


class Recorder:
    """Refuses every dial as an unreachable network would."""

    def __init__(self) -> None:
        self.dialled: list[tuple[str, int]] = []

    def __call__(self, info: AddrInfoType) -> socket.socket:
        self.dialled.append((str(info[4][0]), int(info[4][1])))
        raise OSError(errno.ENETUNREACH, "recorded")
