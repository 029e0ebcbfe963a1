"""One caller floods, as fast as it can and over many connections: what do the others feel?

The flood is wrk, in a process of its own and niced, since it fights for the same cores. The others are one paced client
of this process with a token of its own. Its p99 beside each flood stands against its p99 in quiet, of the same run and
with the same thousands of idle connections open.
"""

import asyncio
import contextlib
import gc
import json
import re
import resource
import shutil
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench import product, wrk
from bench.figure import Figure
from bench.product import Product

PATH: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/team/repositories"
TARGET: Final = 2.0
"""Times the quiet p99 that others may see."""
_OBJECTS: Final = 500
_RATE: Final = 200.0
"""Requests a second of the paced client."""
_SETTLING: Final = 1.5
"""Seconds that a flood has to connect and to fill the lines."""
_TABLE: Final = 'wrk.headers["Accept"] = "application/json;as=Table;v=v1;g=meta.k8s.io"\n'
_PIPELINED: Final = (
    "local all\n"
    'init = function() local r = {} for i = 1, 16 do r[i] = wrk.format("GET") end all = table.concat(r) end\n'
    "request = function() return all end\n"
)


class Flood(NamedTuple):
    label: str
    path: str
    connections: int
    script: str = ""
    token: str = ""
    """"" is the flooding user's own."""


FLOODS: Final = (
    Flood("reads over 1,000 connections", f"{PATH}/image-000", 1_000),
    Flood("reads in bundles of 16 over 100", f"{PATH}/image-000", 100, _PIPELINED),
    Flood(f"tables of {_OBJECTS} over 50", PATH, 50, _TABLE),
    Flood("wrong tokens over 1,000", f"{PATH}/image-000", 1_000, token="iy_wrong"),
)


def measure(idle: int, seconds: float) -> list[Figure]:
    """`idle` connections that say nothing, seven of ten over plain HTTP; quiet and each flood `seconds` long."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with tempfile.TemporaryDirectory() as folder, product.running(Path(folder)) as server:
            _fill(server)
            elephant, mouse = (server.token_of(name, "image-admin") for name in ("elephant", "mouse"))
            return asyncio.run(_measure(server, Path(folder), elephant, mouse, idle, seconds))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _fill(server: Product) -> None:
    reference = {"name": "harbor", "namespace": "team"}
    spec = {"repository": "team/app", "tag": "v1", "registryRef": reference, "suspend": True}
    for number in range(_OBJECTS):
        server.ask("POST", "/team/repositories", {"metadata": {"name": f"image-{number:03}"}, "spec": spec})


async def _measure(server: Product, folder: Path, elephant: str, mouse: str, idle: int, seconds: float) -> list[Figure]:
    async with _idling(server, folder, idle):
        await _paced(server, mouse, 1.0)
        quiet = await _paced(server, mouse, seconds)
        figures = []
        for flood in FLOODS:
            with _flooding(server, flood, elephant, _SETTLING + seconds + 1) as told:
                await asyncio.sleep(_SETTLING)
                felt = await _paced(server, mouse, seconds)
            remark = (
                f"{idle:,} idle connections; medians {_at(quiet, 0.5):.2f} and {_at(felt, 0.5):.2f} ms; "
                f"flood {told[0]}, server {server.memory()} MiB"
            )
            name = f"p99 of others beside {flood.label}"
            figures.append(Figure(name, _at(felt, 0.99), _at(quiet, 0.99), "ms", TARGET, remark, at_most=True))
        return figures


def _at(sorted_: Sequence[float], share: float) -> float:
    return sorted_[int(len(sorted_) * share)]


@asynccontextmanager
async def _idling(server: Product, folder: Path, count: int) -> AsyncIterator[None]:
    """Connections that asked once and keep still, as those of clients that hold a pool do."""
    context = ssl.create_default_context(cafile=str(folder / "tls" / "ca.crt"))
    ports: dict[str, int] = json.loads((folder / "ports.json").read_text())
    writers: list[asyncio.StreamWriter] = []
    for number in range(count):
        secure = number % 10 >= 7
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", ports["https" if secure else "http"], ssl=context if secure else None
        )
        writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"ok")
        writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


async def _paced(server: Product, token: str, seconds: float) -> list[float]:
    """One request after another over one connection, at most so many a second; their times in ms, sorted."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    request = f"GET {PATH}/image-001 HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    taken: list[float] = []
    gc.disable()
    begun = time.perf_counter()
    while (sent := time.perf_counter()) < begun + seconds:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode("latin-1"))
        await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]))
        taken.append((time.perf_counter() - sent) * 1000)
        await asyncio.sleep(max(0.0, begun + len(taken) / _RATE - time.perf_counter()))
    gc.enable()
    writer.close()
    return sorted(taken)


@contextmanager
def _flooding(server: Product, flood: Flood, token: str, seconds: float) -> Iterator[list[str]]:
    """Flood while the block runs; the list says afterwards how many requests were answered, and how many refused."""
    program = shutil.which("wrk")
    if program is None:
        raise wrk.Failed("wrk is not installed: apt-get install wrk")
    told: list[str] = ["?"]
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder, "flood.lua")
        lua.write_text(flood.script)
        command = [
            "nice",
            "-n",
            "19",
            program,
            "-t1",
            f"-c{flood.connections}",
            f"-d{seconds:.0f}s",
            "--timeout",
            "20s",
        ]
        command += ["-H", f"Authorization: Bearer {flood.token or token}", "-s", str(lua), server.url + flood.path]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield told
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds + 10)
            process.kill()
            said = process.communicate()[0]
    answered, refused = re.search(r"(\d+) requests in", said), re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    told[0] = f"{int(answered[1]) if answered else 0:,} answers, {int(refused[1]) if refused else 0:,} of them refusals"
