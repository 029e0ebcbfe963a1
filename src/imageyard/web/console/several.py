"""One action on many objects: each for itself, and what became of it. What fails stops nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from imageyard.domain.audit import Part
from imageyard.domain.errors import Failure
from imageyard.web import errors
from imageyard.web.console.visit import Visit

T = TypeVar("T")

MOST: Final = 1_000
AT_ONCE: Final = 8
"""Writes under way together, so that they share commits and still leave room for others."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`said` is why it failed, in the reader's language, "" where it did not."""

    namespace: str
    name: str
    said: str = ""
    reason: str = ""


async def each(
    visit: Visit,
    verb: str,
    items: Sequence[T],
    place: Callable[[T], tuple[str, str]],
    work: Callable[[T], Awaitable[object]],
) -> list[Outcome]:
    """Do the work for each item, in their order as far as one can tell. `place` names the object, for the record."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(item: T) -> Failure | None:
        async with turns:
            try:
                await work(item)
            except Failure as failure:
                return failure
            return None

    async with asyncio.TaskGroup() as group:
        under_way = [group.create_task(one(item)) for item in items]
    return [_told(visit, verb, *place(item), task.result()) for item, task in zip(items, under_way, strict=True)]


def _told(visit: Visit, verb: str, namespace: str, name: str, failure: Failure | None) -> Outcome:
    """What became of one, put on record."""
    code, reason = errors.outcome(failure) if failure else (200, "")
    visit.exchange.parts.append(Part(namespace, name, code, reason, verb))
    return Outcome(namespace, name, visit.sentence(failure.text) if failure else "", reason)
