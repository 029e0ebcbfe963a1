"""Very many images kept in sync by their schedule while a client asks: how late each sync comes, what the client feels,
and what the process and its disk need.

Lateness is observed by the registry and owes nothing to the product's own word: it is the time from the `nextSync` of a
status to the HEAD for that image. An image that was due and not asked for counts with what it is late at the end. Each
counts once, so a measurement is no longer than the interval.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from bench import connection, images, search
from bench.connection import Connection
from bench.figure import Figure
from bench.images import Schedule
from bench.product import API, Product
from bench.profile import Profile
from bench.world import Worlds
from imageyard.store.sqlite.connection import FILE

_LATE_P99: Final = 10.0
_LATE_MOST: Final = 60.0
_API_P99: Final = 50.0
_MOST_MIB: Final = 1536.0
_MOST_LOG: Final = 64.0
"""MiB of write-ahead log."""
_KEPT_UP: Final = 0.98
"""Of the images that were due, so many were synced within the time."""
_RATE: Final = 30.0
"""Requests a second of the client."""


class Observed:
    """What was seen while it ran: the times of the client's requests in ms by what was asked, and the most of memory
    and of write-ahead log in MiB."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {"get": [], "list of 20": [], "search": []}
        self.memory = 0.0
        self.log = 0.0


class Sync(NamedTuple):
    """When an image was due and when it was asked for, 0 for never, in seconds of the wall clock."""

    due: float
    at: float

    def late(self, end: float) -> float:
        """Seconds; what was not asked for until `end` is as late as it is then."""
        return max(0.0, (self.at or end) - self.due)


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """For `scheduled_minutes`."""
    interval = profile.scheduled_interval
    seconds = min(profile.scheduled_minutes * 60, interval)
    with worlds.keeping(profile.scheduled, interval) as world:
        begin = world.begun()
        observed = asyncio.run(_observed(world.server, profile, seconds))
        seen, end = world.registry.seen(), begin + seconds
    yield from _figures(profile, _syncs(world.schedule, seen, begin, end), end, observed)


def _syncs(plan: Schedule, seen: Sequence[float], begin: float, end: float) -> list[Sync]:
    """Of each image that was due between these times."""
    every = (Sync(plan.due(number).timestamp(), at) for number, at in enumerate(seen))
    if not (found := [sync for sync in every if begin <= sync.due < end]):
        raise RuntimeError("the server was ready only after the last image was due")
    return found


async def _observed(server: Product, profile: Profile, seconds: float) -> Observed:
    """Ask and look for so many seconds."""
    observed = Observed()
    looking = asyncio.create_task(_look(server, observed))
    try:
        async with connection.to(server.url, server.token) as client:
            await _ask(client, observed, profile.scheduled, seconds)
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
    return observed


async def _ask(client: Connection, observed: Observed, count: int, seconds: float) -> None:
    """One request after another over one connection, at most `_RATE` a second, of each kind in turn."""
    begun, number = time.monotonic(), 0
    while (left := begun + seconds - time.monotonic()) > 0:
        for kind, taken in observed.taken.items():
            number += 1
            answer = await client.get(_path(kind, number * 7_907, count))
            taken.append(answer.milliseconds)
            await asyncio.sleep(max(0.0, min(begun + number / _RATE - time.monotonic(), left)))


def _path(kind: str, number: int, count: int) -> str:
    """Another object, page or term each time."""
    if kind == "get":
        return f"{API}/{images.namespace(number % count)}/repositories/{images.name(number % count)}"
    if kind == "list of 20":
        return f"{API}/_all_/repositories?limit=20&page={number % max(1, count // 20) + 1}"
    terms = search.KINDS[number % len(search.KINDS)]
    return search.path(terms.term(number % terms.terms, count))


async def _look(server: Product, observed: Observed) -> None:
    log = server.directory / f"{FILE}-wal"
    while True:
        observed.memory = max(observed.memory, float(server.memory()))
        with suppress(FileNotFoundError):
            observed.log = max(observed.log, log.stat().st_size / 2**20)
        await asyncio.sleep(0.2)


def _figures(profile: Profile, syncs: Sequence[Sync], end: float, observed: Observed) -> Iterator[Figure]:
    late, synced = sorted(sync.late(end) for sync in syncs), sum(0 < sync.at <= end for sync in syncs)
    label = f"{profile.scheduled:,} images at {profile.scheduled_interval} s"
    rate = profile.scheduled / profile.scheduled_interval
    remark = f"{rate:,.0f} due a second, {len(late):,} in all; lateness seen by the registry"
    yield Figure(f"{label}: synced of those due", synced, len(late), "images", _KEPT_UP, remark)
    yield Figure.within(f"{label}: lateness p99", connection.at(late, 0.99), _LATE_P99, "s", remark)
    yield Figure.within(f"{label}: lateness, the most", late[-1], _LATE_MOST, "s", remark)
    every = sorted(taken for each in observed.taken.values() for taken in each)
    parts = ", ".join(f"{kind} {connection.at(sorted(each), 0.99):.1f}" for kind, each in observed.taken.items())
    remark = f"{len(every):,} requests, {_RATE:g} a second; p99 by kind: {parts} ms"
    yield Figure.within(f"{label}: API p99 meanwhile", connection.at(every, 0.99), _API_P99, "ms", remark)
    yield Figure.within(f"{label}: memory, the most", observed.memory, _MOST_MIB, "MiB")
    yield Figure.within(f"{label}: write-ahead log, the most", observed.log, _MOST_LOG, "MiB")
