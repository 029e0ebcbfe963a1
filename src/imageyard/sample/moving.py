"""The tag that moves: a nightly build every minute, so that a person can watch a digest change."""

from datetime import UTC, datetime, timedelta
from typing import Final

from imageyard.domain.clock import Clock
from imageyard.sample import images
from imageyard.sample.images import ARM64, ARMV7, Image, Step
from imageyard.sample.storage import Storage

REPOSITORY: Final = "edge/sensor-gateway"
TAG: Final = "nightly"
EVERY: Final = timedelta(seconds=60)
KEPT: Final = 5
"""Builds that keep a tag of their own; older ones are collected, so the registry does not grow."""


def build(number: int) -> Image:
    """The image of a build: its base layer stays, its program changes with each."""
    created = datetime.fromtimestamp(number * EVERY.total_seconds(), UTC)
    base = Step("COPY base / # buildkit", 60_000, seed="sensor-gateway base")
    program = Step(f"COPY sensor-gateway-{number} /usr/bin/sensor-gateway # buildkit", 20_000)
    platforms = (images.AMD64, ARM64, ARMV7)
    return images.multi_platform(f"sensor-gateway {number}", (base, program), platforms=platforms, created=created)


class Nightly:
    """Builds into a storage. `build_now` is one build; `run` builds whenever a new one is due."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._built: list[int] = []

    def build_now(self, now: datetime) -> None:
        """Bring the tag to the build of this moment, and forget builds beyond KEPT."""
        number = int(now.timestamp() // EVERY.total_seconds())
        if number in self._built:
            return
        image = build(number)
        for tag in (TAG, f"build-{number}"):
            self._storage.put(REPOSITORY, tag, image)
        self._built.append(number)
        for old in self._built[:-KEPT]:
            self._storage.untag(REPOSITORY, f"build-{old}")
        self._built = self._built[-KEPT:]
        self._storage.collect(REPOSITORY)

    async def run(self, clock: Clock) -> None:
        """Build for ever; ends by cancellation."""
        while True:
            now = clock.now()
            self.build_now(now)
            await clock.sleep(EVERY.total_seconds() - now.timestamp() % EVERY.total_seconds())
