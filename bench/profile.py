"""How much is measured and for how long: the quick profile takes minutes, the long one has a million objects."""

from dataclasses import dataclass
from typing import Final, Literal

Position = Literal["first", "last", "random"]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Durations are in seconds."""

    name: str
    few: int
    """Objects of the small world, against which the large one is held."""
    many: int
    """Objects of the large world."""
    seconds: float
    """Of each rate."""
    warm_up: float
    """Of the same load before a rate counts, where what was just started would not be at its best."""
    limits: tuple[int, ...] = (20, 500)
    """Objects of a list."""
    positions: tuple[Position, ...] = ("first", "last", "random")
    """Which pages of a list."""
    searches: int = 200
    """Requests of each kind of search."""
    images: int
    """Images on docker-registry."""
    followers: int = 10
    """Objects an image there, all at the shortest interval of 10 s: more than that registry answers."""
    unchanged: int
    """Images at the shortest interval on the static registry: more than a server can sync."""
    namespaces: int
    """Of the watches: ten watch each of them, and as many as there are watch everything."""
    idle_images: int
    idle_seconds: float
    scheduled: int
    """Images that are kept in sync for `scheduled_minutes` while a client asks."""
    scheduled_interval: int
    """Seconds between two syncs of each of them."""
    scheduled_minutes: float
    tokens: int
    connections: int
    """That say nothing while others flood."""
    tabled: int = 500
    """Objects of the tables that a flood asks for."""
    floods: int = 4
    settling: float = 1.5
    """What a flood has to connect and to fill the lines."""
    hostile: int = 1000
    """Of the requests made to hurt, so many kinds at most."""
    slow_heads: int = 1000
    """Connections whose heads do not end."""
    console_times: int = 20


QUICK: Final = Profile(
    name="quick",
    few=10_000,
    many=100_000,
    seconds=1,
    warm_up=1,
    images=200,
    unchanged=30_000,
    namespaces=30,
    idle_images=10_000,
    idle_seconds=30,
    scheduled=20_000,
    scheduled_interval=72,
    scheduled_minutes=1,
    tokens=500,
    connections=2_000,
)
LONG: Final = Profile(
    name="long",
    few=100_000,
    many=1_000_000,
    seconds=5,
    warm_up=2,
    searches=500,
    images=1_000,
    unchanged=60_000,
    namespaces=100,
    idle_images=10_000,
    idle_seconds=60,
    scheduled=1_000_000,
    scheduled_interval=3600,
    scheduled_minutes=20,
    tokens=4_000,
    connections=10_000,
)
