"""Many watches while objects change: how long a change takes to its watchers, and what the server's memory comes to.

Each change writes the moment into an annotation; what counts is the time from there to a watcher's line, the durable
write included. Watchers are connections of this process, which reads all of them.
"""

import asyncio
import json
import resource
import time
from collections.abc import Sequence

from bench import connection
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

_GROUP = "/apis/image.theriseunion.io/v1alpha1"
_STAMP = "bench.example.com/at"
_MERGE = "Content-Type: application/merge-patch+json\r\n"
_WRITERS = 8
_AT_ONCE = 50
"""Watches that are opened together: of one user's requests that come at once a server refuses what is beyond its
limits, and has the client come again."""
_USERS = 10
"""Who watch: one user may have no more than 1,000 watches open."""
_PATIENCE = 5.0
"""Seconds after the last change in which its deliveries have to come."""


class Watcher:
    """One connection that reads its lines as they come."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def run(self, server: Product, token: str, path: str, ready: asyncio.Event) -> None:
        host, _, port = server.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=1024 * 1024)
        request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(request.encode())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode("latin-1"))
            ready.set()
            while line := await reader.readline():
                at = line.find(_STAMP.encode())
                if at >= 0:
                    sent = line[at + len(_STAMP) + 3 :].split(b'"', 1)[0]
                    self.late.append(time.monotonic() - int(sent) / 1e9)
        finally:
            writer.close()


async def _write(server: Product, paths: Sequence[str], rate: float, seconds: float) -> int:
    """Change one object after another, `rate` a second, over one connection; answers how many."""
    begun, done = time.monotonic(), 0
    async with connection.to(server.url, server.token) as client:
        while time.monotonic() < begun + seconds:
            body = json.dumps({"metadata": {"annotations": {_STAMP: str(time.monotonic_ns())}}}).encode()
            await client.ask("PATCH", paths[done % len(paths)], _MERGE, body)
            done += 1
            await asyncio.sleep(max(0.0, begun + done / rate - time.monotonic()))
    return done


async def _delivered(
    server: Product,
    tokens: Sequence[str],
    watched: Sequence[str],
    written: Sequence[str],
    each: int,
    rate: float,
    seconds: float,
) -> tuple[list[float], int]:
    """Every delivery's lateness in seconds, and how many changes were written, which `each` so many watchers see."""
    version = await asyncio.to_thread(_version, server)
    watchers, tasks = [Watcher() for _ in watched], list[asyncio.Task[None]]()
    for start in range(0, len(watched), _AT_ONCE):
        some = zip(watchers[start : start + _AT_ONCE], watched[start : start + _AT_ONCE], strict=True)
        paths = [(watcher, f"{path}?watch=1&resourceVersion={version}", asyncio.Event()) for watcher, path in some]
        token = tokens[start // _AT_ONCE % len(tokens)]
        tasks += [asyncio.create_task(watcher.run(server, token, path, ready)) for watcher, path, ready in paths]
        await _all_ready([ready for _, _, ready in paths], tasks)
    writers = min(_WRITERS, len(written))
    changes = await asyncio.gather(
        *(_write(server, written[n::writers], rate / writers, seconds) for n in range(writers))
    )
    await _settled(watchers, sum(changes) * each)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return [late for watcher in watchers for late in watcher.late], sum(changes)


async def _all_ready(events: Sequence[asyncio.Event], tasks: Sequence[asyncio.Task[None]]) -> None:
    """Raises what a watcher raised that could not begin."""
    waiting = asyncio.ensure_future(_each(events))
    await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            waiting.cancel()
            task.result()
    await waiting


async def _each(events: Sequence[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


async def _settled(watchers: Sequence[Watcher], deliveries: int) -> None:
    """Wait until all has been delivered, for a while."""
    for _ in range(int(_PATIENCE / 0.1)):
        if sum(len(watcher.late) for watcher in watchers) >= deliveries:
            return
        await asyncio.sleep(0.1)


def _version(server: Product) -> str:
    return str(server.kube("GET", f"{_GROUP}/repositories?limit=1")["metadata"]["resourceVersion"])


def measure(profile: Profile, worlds: Worlds) -> list[Figure]:
    """Ten watches of each of the profile's namespaces, then as many of everything as there are namespaces."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with worlds.serving(0) as server:
            return asyncio.run(_measure(server, profile.namespaces, 2 * profile.seconds))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _measure(server: Product, namespaces: int, seconds: float) -> list[Figure]:
    names = [f"watched-{number:03}" for number in range(namespaces)]
    for name in names:
        spec = {
            "repository": "team/app",
            "tag": "v1",
            "registryRef": {"name": "harbor", "namespace": name},
            "suspend": True,
        }
        await asyncio.to_thread(
            server.ask, "POST", f"/{name}/repositories", {"metadata": {"name": "watched"}, "spec": spec}
        )
    readers = (f"watcher-{number}" for number in range(_USERS))
    tokens = [await asyncio.to_thread(server.token_of, name, "image-viewer") for name in readers]
    paths = [f"{_GROUP}/namespaces/{name}/repositories/watched" for name in names]
    spread = [f"{_GROUP}/namespaces/{name}/repositories" for name in names for _ in range(10)]
    figures = []
    for label, watched, rate, bound in (
        (f"{len(spread):,} watches over {namespaces} namespaces", spread, 300.0, 250.0),
        (f"{namespaces} watches of everything", [f"{_GROUP}/repositories"] * namespaces, 100.0, 1000.0),
    ):
        each = 10 if watched is spread else namespaces
        late, changes = await _delivered(server, tokens, watched, paths, each, rate, seconds)
        if len(late) != changes * each:
            raise RuntimeError(f"{changes * each - len(late)} of {changes * each} deliveries are missing")
        p99 = sorted(late)[int(len(late) * 0.99)] * 1000
        told = f"{changes / seconds:,.0f} changes/s of {rate:g} wanted"
        remark = f"{told}, {len(late):,} deliveries, server {server.memory()} MiB"
        figures.append(Figure.within(f"delivery p99, {label}", p99, bound, "ms", remark))
    return figures
