"""Names to addresses: the system's resolver, off the event loop."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Answers the numeric addresses of a name, best first. Raises OSError when there are none."""

_THREADS = 32
"""Own threads: a name server that hangs for some names must not hold up the rest (uvloop resolves on four)."""


class SystemResolver:
    """getaddrinfo, as the machine is configured (hosts file, search domains, address selection of RFC 6724)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="egress-dns")

    async def __call__(self, name: str) -> Sequence[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, name)

    def close(self) -> None:
        """Wait for nothing: a lookup that hangs ends by the system's own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(name: str) -> list[str]:
    # AI_ADDRCONFIG: no IPv6 addresses on a machine without IPv6.
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
