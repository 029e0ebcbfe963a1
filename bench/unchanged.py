"""Syncing images that have not changed, from a registry that answers as fast as it can: one HEAD and one durable write
each, against a bare loop of HEADs on the same registry. There are always more images due than can be synced.
"""

import asyncio
import time
from collections.abc import Iterator
from typing import Final

import uvloop

from bench import least, product, static
from bench.figure import Figure
from bench.product import Product
from bench.profile import Profile
from bench.registries import PARALLEL
from bench.world import Worlds

_TARGET: Final = 0.50
_INTERVAL: Final = 10
"""The shortest that a spec may have."""
_SECONDS: Final = 5
"""Times those of a rate."""


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """The bare loop before and after."""
    count, before = profile.unchanged, _bare(profile)
    with worlds.keeping(count, _INTERVAL) as world:
        world.begun()
        value = _steady(world.server, profile)
        _check(world.server)
    after = _bare(profile)
    remark = (
        f"{count:,} images due every {_INTERVAL} s, {PARALLEL} at once, each status durable; bare aiohttp loop;"
        f" that and the store alone: {least.syncs(profile.seconds):,.0f}/s"
    )
    yield Figure("unchanged images of a static registry", value, (before + after) / 2, "images/s", _TARGET, remark)


def _check(server: Product) -> None:
    """Raises RuntimeError when anything failed: a rate of failures is no figure."""
    failed = server.ask("GET", "/_all_/repositories?status=Failed&limit=1")
    if failed["items"]:
        raise RuntimeError(f"{failed['totalItems']} images failed: {failed['items'][0]['status']['message']}")


def _steady(server: Product, profile: Profile) -> float:
    """Syncs a second, once there are always some that are due."""
    product.until(lambda: server.counted("imageyard_sync_total"), 60)
    time.sleep(_INTERVAL * profile.warm_up)
    begun, start = server.counted("imageyard_sync_total"), time.perf_counter()
    time.sleep(_SECONDS * profile.seconds)
    return (server.counted("imageyard_sync_total") - begun) / (time.perf_counter() - start)


def _bare(profile: Profile) -> float:
    with static.running(profile.unchanged) as registry, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(registry.bare(profile.unchanged, profile.seconds))
