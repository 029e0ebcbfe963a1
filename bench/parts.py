"""The parts of a run, in their order. One that fails is told as not measured; the others run all the same."""

import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from bench import (
    callers,
    console,
    creates,
    flood,
    get,
    hostile,
    idle,
    lists,
    scheduled,
    search,
    starts,
    syncs,
    unchanged,
    watches,
)
from bench.figure import Figure
from bench.profile import Profile
from bench.world import Worlds

Measure = Callable[[Profile, Worlds], Iterable[Figure]]
PARTS: Final[Mapping[str, Measure]] = {
    "get": get.measure,
    "lists": lists.measure,
    "search": search.measure,
    "console": console.measure,
    "creates": creates.measure,
    "start": starts.measure,
    "syncs": syncs.measure,
    "unchanged": unchanged.measure,
    "million": scheduled.measure,
    "idle": idle.measure,
    "watches": watches.measure,
    "callers": callers.measure,
    "flood": flood.measure,
    "hostile": hostile.measure,
}


class Part(NamedTuple):
    """What became of one part: its figures as far as they came, how long it took, and why it ended early."""

    name: str
    figures: tuple[Figure, ...]
    seconds: float
    cause: str = ""

    @property
    def passed(self) -> bool:
        return not self.cause and all(figure.met for figure in self.figures)


def run(name: str, profile: Profile, worlds: Worlds, measure: Measure | None = None) -> Part:
    """Measure one part."""
    figures: list[Figure] = []
    begun, cause = time.perf_counter(), ""
    try:
        figures.extend((measure or PARTS[name])(profile, worlds))  # what came before a failure stays
    except Exception as error:
        traceback.print_exc()
        cause = f"{type(error).__name__}: {error}".strip()
    return Part(name, tuple(figures), time.perf_counter() - begun, cause)
