"""The smallest run there is: each part measured end to end, on one server where it needs none of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench.kept import Kept
from bench.product import Product
from bench.profile import Profile
from bench.world import Worlds

IMAGES = 1_100
"""Enough for a full page of 20 of each filter, and for an image with a rare alias."""
KEPT = 3_600
"""Kept in sync, each once an hour: whenever somebody looks, one of them is due within a second."""
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
    unchanged=KEPT,
    namespaces=2,
    idle_images=KEPT,
    idle_seconds=0.2,
    scheduled=KEPT,
    scheduled_interval=3600,
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
    """Serves everything from one server that stays up, and keeps everything in sync by another."""

    def __init__(self, scratch: Path, server: Product, kept: Kept) -> None:
        super().__init__(None, scratch)
        self._server = server
        self._kept = kept

    @contextmanager
    def serving(self, images: int, *flags: str) -> Iterator[Product]:
        yield self._server

    @contextmanager
    def keeping(self, images: int, interval: int) -> Iterator[Kept]:
        yield self._kept


@pytest.fixture(scope="session")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    scratch = tmp_path_factory.mktemp("worlds")
    own = Worlds(None, scratch)
    with own.serving(IMAGES) as server, own.keeping(KEPT, 3600) as kept:
        yield Shared(scratch, server, kept)
