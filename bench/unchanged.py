"""Syncing images that have not changed, from a registry that answers as fast as it can: one HEAD and one durable write
each, against a bare loop of HEADs on the same registry. There are always more images due than can be synced.
"""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import uvloop

from bench import product, schedule, static
from bench.figure import Figure
from bench.images import Schedule
from bench.product import Product
from bench.profile import Profile
from bench.registries import PARALLEL
from bench.static import Static
from bench.world import Worlds

_TARGET: Final = 0.50
_INTERVAL: Final = 10
"""The shortest that a spec may have."""


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """The bare loop before and after."""
    count, seconds = profile.unchanged, 5 * profile.seconds
    with static.running(count) as registry, worlds.copy(count) as folder:
        schedule.apply(folder, Schedule(datetime.now(UTC), _INTERVAL, count))
        before = _bare(registry, profile)
        with product.running(folder, static.FLAG) as server:
            registry.become_source(server)
            value = _steady(server, profile, seconds)
            failed = server.total("/_all_/repositories?status=Failed")
        after = _bare(registry, profile)
    if failed:
        raise RuntimeError(f"{failed} images failed")
    remark = f"{count:,} images due every {_INTERVAL} s, {PARALLEL} at once, each status durable; bare aiohttp loop"
    yield Figure("unchanged images of a static registry", value, (before + after) / 2, "images/s", _TARGET, remark)


def _steady(server: Product, profile: Profile, seconds: float) -> float:
    """Syncs a second, once there are always some that are due."""
    product.until(lambda: server.counted("imageyard_sync_total"), 60)
    time.sleep(min(_INTERVAL, 5 * profile.warm_up))
    begun, start = server.counted("imageyard_sync_total"), time.perf_counter()
    time.sleep(seconds)
    return (server.counted("imageyard_sync_total") - begun) / (time.perf_counter() - start)


def _bare(registry: Static, profile: Profile) -> float:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(registry.bare(profile.unchanged, profile.seconds))
