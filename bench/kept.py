"""A server that keeps a world in sync from a static registry by a schedule, up before the first image is due."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from bench import product, schedule, static
from bench.images import Schedule
from bench.product import Product
from bench.static import Static
from bench.world import Worlds
from imageyard.domain import objects

_WRITTEN: Final = 5_000
"""Rows of a schedule written in a second, at least."""
_TRIES: Final = 4


class Kept(NamedTuple):
    server: Product
    registry: Static
    schedule: Schedule

    def wait(self) -> None:
        """Until the first image is due."""
        time.sleep(max(0.0, self._left()))

    def _left(self) -> float:
        return self.schedule.first.timestamp() - time.time()

    @property
    def is_early(self) -> bool:
        return self._left() > 0


@contextmanager
def keeping(worlds: Worlds, images: int, interval: int, ready: float) -> Iterator[Kept]:
    """So many images, each due once within `interval` seconds from the first on, which is due about `ready` seconds
    after the schedule was written. A machine on which the server is not up by then gets more time."""
    for attempt in range(_TRIES):
        with ExitStack() as stack:
            kept = _tried(stack, worlds, images, interval, ready * 2**attempt)
            if kept.is_early:
                yield kept
                return
    raise RuntimeError("the server was never up before its first image was due")


def _tried(stack: ExitStack, worlds: Worlds, images: int, interval: int, ready: float) -> Kept:
    registry = stack.enter_context(static.running(images))
    folder = stack.enter_context(worlds.copy(images))
    first = datetime.now(UTC) + timedelta(seconds=ready + images / _WRITTEN)
    plan = Schedule(objects.seconds(first), interval, images)
    schedule.apply(folder, plan)
    server = stack.enter_context(product.running(folder, static.FLAG))
    registry.become_source(server)
    return Kept(server, registry, plan)
