"""What a server costs that has little to do: images at 1 h, spread over the hour, and nobody asks."""

import time
from collections.abc import Iterator
from typing import Final

from bench.figure import Figure
from bench.profile import Profile
from bench.world import Worlds

_HOUR: Final = 3600
_MOST_PERCENT: Final = 3.0
"""Of one core."""
_MOST_MIB: Final = 150.0
_SETTLING: Final = 10.0
"""Times the warm-up, seconds after the start in which a server does what it does once."""


def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
    """CPU time and main memory of the process."""
    count, seconds = profile.idle_images, profile.idle_seconds
    with worlds.keeping(count, _HOUR) as world:
        world.begun()
        time.sleep(_SETTLING * profile.warm_up)
        server = world.server
        used, synced = server.cpu(), server.counted("imageyard_sync_total")
        time.sleep(seconds)
        percent = (server.cpu() - used) / seconds * 100
        synced, memory = server.counted("imageyard_sync_total") - synced, server.memory()
    remark = f"{seconds:g} s, {synced / seconds:.1f} syncs/s"
    yield Figure.within(f"idle with {count:,} images at 1 h: CPU", percent, _MOST_PERCENT, "% of a core", remark)
    yield Figure.within(f"idle with {count:,} images at 1 h: memory", memory, _MOST_MIB, "MiB", remark)
