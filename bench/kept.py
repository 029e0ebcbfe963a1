"""A server that keeps a world in sync from a static registry by a schedule."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from bench import product, schedule, static
from bench.images import Schedule
from bench.product import Product
from bench.static import Static
from imageyard.domain import objects

_WRITTEN: Final = 5_000
"""Rows of a schedule written in a second on a slow machine."""


class Kept(NamedTuple):
    server: Product
    registry: Static
    schedule: Schedule

    def begun(self) -> float:
        """Wait until the first image is due, unless it is by now; answers the time of the wall clock. What was due
        before that was overdue when the server started."""
        time.sleep(max(0.0, self.schedule.first.timestamp() - time.time()))
        return time.time()


@contextmanager
def keeping(directory: Path, images: int, interval: int) -> Iterator[Kept]:
    """All images of a directory, each due once within `interval` seconds, from about now on. The server that serves is
    the second one: a first gets to know the registry, so that no image is due before its source is there."""
    with static.running(images) as registry:
        with product.running(directory, static.FLAG) as server:
            registry.become_source(server)
        first = datetime.now(UTC) + timedelta(seconds=images / _WRITTEN)
        plan = Schedule(objects.seconds(first), interval, images)
        schedule.apply(directory, plan)
        with product.running(directory, static.FLAG) as server:
            yield Kept(server, registry, plan)
