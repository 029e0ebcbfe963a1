"""One caller floods, as fast as it can and over many connections: what do the others feel?

The flood is wrk, in a process of its own and niced. The others are one paced client of this process with a token of its
own. Its p99 beside each flood stands against its p99 in quiet, of the same run, with the same thousands of idle
connections open and on the same cores: the server's loop has one to itself, or the tail would be that of a scheduler
with three busy programs on two.
"""

import asyncio
import gc
import re
import resource
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, NamedTuple

from bench import connection, cores, wrk
from bench.connection import at
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

PATH: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/team/repositories"
TARGET: Final = 2.0
"""Times the quiet p99 that others may see."""
_RATE: Final = 200.0
"""Requests a second of the paced client."""
_SECONDS: Final = 3
"""Times those of a rate, of each flood: a p99 needs some hundreds of requests."""
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
    Flood("tables of everything over 50", PATH, 50, _TABLE),
    Flood("wrong tokens over 1,000", f"{PATH}/image-000", 1_000, token="iy_wrong"),
)


def measure(profile: Profile, worlds: Worlds) -> list[Figure]:
    """Idle `connections`, seven of ten over plain HTTP; then quiet, and each flood."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with worlds.serving(0) as server:
            _fill(server, profile.tabled)
            elephant, mouse = (server.token_of(name, "image-admin") for name in ("elephant", "mouse"))
            return asyncio.run(_measure(server, elephant, mouse, profile))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _fill(server: Product, objects: int) -> None:
    reference = {"name": "harbor", "namespace": "team"}
    spec = {"repository": "team/app", "tag": "v1", "registryRef": reference, "suspend": True}
    for number in range(objects):
        server.ask("POST", "/team/repositories", {"metadata": {"name": f"image-{number:03}"}, "spec": spec})


async def _measure(server: Product, elephant: str, mouse: str, profile: Profile) -> list[Figure]:
    seconds, settling = _SECONDS * profile.seconds, profile.settling
    async with _idling(server, profile.connections) as keep:
        with cores.apart(server.pid) as placed:
            await _paced(server, mouse, profile.warm_up)
            quiet = await _paced(server, mouse, seconds)
            figures = []
            for flood in FLOODS[: profile.floods]:
                with _flooding(server, flood, elephant, settling + seconds + 1) as told:
                    await asyncio.sleep(settling)
                    felt = await _paced(server, mouse, seconds)
                await keep()
                remark = (
                    f"{profile.tabled} objects, {profile.connections:,} idle connections; "
                    f"medians {at(quiet, 0.5):.2f} and {at(felt, 0.5):.2f} ms; "
                    f"flood {told[0]}, server {server.memory()} MiB; {placed}"
                )
                name = f"p99 of others beside {flood.label}"
                figures.append(Figure(name, at(felt, 0.99), at(quiet, 0.99), "ms", TARGET, remark, at_most=True))
            return figures


@asynccontextmanager
async def _idling(server: Product, count: int) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Connections that asked once and keep still, as those of clients that hold a pool do. Yields what has each ask
    again, without which the server closes them in the end."""
    context = ssl.create_default_context(cafile=str(server.directory / "tls" / "ca.crt"))
    held: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        await reader.readuntil(b"ok")

    async def keep() -> None:
        for reader, writer in held:
            await ask(reader, writer)

    for number in range(count):
        secure = number % 10 >= 7
        port = int((server.secure_url if secure else server.url).rpartition(":")[2])
        held.append(await asyncio.open_connection("127.0.0.1", port, ssl=context if secure else None))
        await ask(*held[-1])
    try:
        yield keep
    finally:
        for _, writer in held:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for _, writer in held), return_exceptions=True)


async def _paced(server: Product, token: str, seconds: float) -> list[float]:
    """One request after another over one connection, at most so many a second; their times in ms, sorted."""
    taken: list[float] = []
    async with connection.to(server.url, token) as client:
        gc.disable()
        with cores.ahead():
            begun = time.perf_counter()
            while not taken or time.perf_counter() < begun + seconds:
                taken.append((await client.get(f"{PATH}/image-001")).milliseconds)
                await asyncio.sleep(max(0.0, begun + len(taken) / _RATE - time.perf_counter()))
        gc.enable()
    return sorted(taken)


@contextmanager
def _flooding(server: Product, flood: Flood, token: str, seconds: float) -> Iterator[list[str]]:
    """Flood while the block runs, `seconds` at most; the list says afterwards how many requests were answered, and how
    many refused."""
    told: list[str] = []
    url, token, nice = server.url + flood.path, flood.token or token, ("nice", "-n", "19")
    with wrk.loading(
        url, token, seconds=seconds, connections=flood.connections, script=flood.script, before=nice
    ) as process:
        yield told
        wrk.cut_short(process)
        said = process.communicate(timeout=20)[0]
    answered, refused = re.search(r"(\d+) requests in", said), re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    told.append(f"{int(answered[1]) if answered else 0:,} answers, {int(refused[1]) if refused else 0:,} refused")
