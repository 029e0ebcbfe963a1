"""The smallest run there is: each part measured end to end, on one server where it needs none of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

from bench import product

IMAGES = 1_100
"""Enough for a full page of 20 of each filter, and for an image with a rare alias."""
TINY = Profile(
    name="tiny",
    few=IMAGES - 100,
    many=IMAGES,
    seconds=0.12,
    warm_up=0,
    limits=(20,),
    positions=("random",),
    searches=3,
    images=4,
    followers=2,
    unchanged=40,
    namespaces=2,
    idle_images=IMAGES,
    idle_seconds=0.2,
    scheduled=600,
    scheduled_interval=60,
    scheduled_minutes=0.02,
    tokens=5,
    connections=4,
    floods=1,
    tabled=5,
    settling=0.1,
    hostile=3,
    slow_heads=0,
    console_times=1,
)


class Shared(Worlds):
    """Serves everything from one server that stays up."""

    def __init__(self, scratch: Path, server: Product | None = None) -> None:
        super().__init__(None, scratch)
        self.server = server

    @contextmanager
    def serving(self, images: int, *flags: str) -> Iterator[Product]:
        if self.server is None:
            raise RuntimeError("no server is up")
        yield self.server


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    shared = Shared(tmp_path_factory.mktemp("worlds"))
    with shared.copy(IMAGES) as folder, product.running(folder) as server:
        shared.server = server
        yield shared
