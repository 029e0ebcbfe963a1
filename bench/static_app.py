"""A registry that answers as fast as a process can: no storage, no sign-in, every tag holds what its path says.

A program of its own: `static_app.py FOLDER COUNT` answers HEAD of `…/team/app-N/manifests/TAG` with digest N, keeps
when each of COUNT images was first asked for, tells that at `/seen` (as many doubles, seconds of the wall clock, 0 for
never), and writes its port to FOLDER/port.
"""

import asyncio
import os
import sys
import time
from array import array
from pathlib import Path
from typing import Final, cast

import uvloop

_HEAD: Final = (
    "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: 1024\r\n"
    "Docker-Distribution-Api-Version: registry/2.0\r\nDocker-Content-Digest: sha256:{:064x}\r\n\r\n"
)
_HELLO: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Docker-Distribution-Api-Version: registry/2.0\r\n\r\n{}"
)
_MISSING: Final = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_TAG: Final = b"/manifests/"
_NUMBERED: Final = b"-"


class Registry(asyncio.Protocol):
    """One connection. Requests have no bodies."""

    def __init__(self, seen: "array[float]") -> None:
        self._seen = seen
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._read = (self._read + data).split(b"\r\n\r\n")
        for request in requests:
            method, path, _ = request.split(b" ", 2)
            self._transport.write(self._answer(method, path))

    def _answer(self, method: bytes, path: bytes) -> bytes:
        image, slash, _ = path.rpartition(_TAG)
        if method == b"HEAD" and slash:
            number = int(image.rpartition(_NUMBERED)[2])
            self._seen[number] = self._seen[number] or time.time()
            return _HEAD.format(number).encode()
        if path == b"/seen":
            told = self._seen.tobytes()
            return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(told) + told
        return _HELLO if path == b"/v2/" else _MISSING


async def main(folder: Path, count: int) -> None:
    seen = array("d", bytes(8 * count))
    server = await asyncio.get_running_loop().create_server(lambda: Registry(seen), "127.0.0.1", 0, backlog=2048)
    new = folder / "port.new"
    new.write_text(str(server.sockets[0].getsockname()[1]))
    os.replace(new, folder / "port")
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
