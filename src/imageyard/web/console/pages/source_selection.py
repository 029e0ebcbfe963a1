"""Several registry sources at once: test them, or delete them once their number was typed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from imageyard.domain.errors import Failure, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.registry import Probe
from imageyard.service.removal import Removal
from imageyard.web import hygiene
from imageyard.web.console import forms, picks, rows, several, tested
from imageyard.web.console.picks import Pick
from imageyard.web.console.room import Room
from imageyard.web.console.rows import SourceRow
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Reply, Stream

PATH: Final = "/console/sources/selection"
MOST: Final = 200
AT_ONCE: Final = 4
"""Tests at one time: registries are asked by the same machine that syncs."""
_KIND: Final = REGISTRY_SECRET


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one. `said` is a test's reason, `problem` why there was no deed."""

    item: Pick
    href: str
    success: bool
    said: Said | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OutcomesPage:
    deed: str
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """What is to be deleted, what is gone already, and how many images will fail without them."""

    rows: Sequence[SourceRow]
    items: Sequence[Pick]
    gone: Sequence[Pick]
    users: int
    mistyped: bool


async def act(room: Room, visit: Visit) -> Reply | Stream:
    """Raises BadRequest for nothing that was ticked."""
    form = await forms.read(visit.exchange)
    items = picks.ticked(form, MOST)
    match form.text("do"):
        case "verify":
            return await _verify(room, visit, items)
        case "delete" if form.text("confirmed") == str(len(items)) and all(item.uid for item in items):
            return await _delete(room, visit, items)
        case _:
            return await _confirm(room, visit, items, mistyped=form.text("do") == "delete")


async def _verify(room: Room, visit: Visit, items: Sequence[Pick]) -> Reply | Stream:
    _demand(visit, items, "create", "verify")
    tests = _tests(visit, items)
    if visit.enhanced:
        return Stream(200, hygiene.PAGE, _pieces(room, visit, tests))
    outcomes = [outcome async for outcome in tests]
    return await _outcomes(room, visit, "verify", sorted(outcomes, key=lambda outcome: items.index(outcome.item)))


def _demand(visit: Visit, items: Sequence[Pick], verb: str, sub: str = "") -> None:
    places = [item.place for item in items]
    visit.doors.objects.rights.demand_one(visit.actor, verb, _KIND, places, sub)


async def _tests(visit: Visit, items: Sequence[Pick]) -> AsyncGenerator[Outcome, None]:
    """Each as it ends."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(item: Pick) -> Outcome:
        async with room:
            return await _tested(visit, item)

    tasks = [asyncio.ensure_future(one(item)) for item in items]
    try:
        for ended in asyncio.as_completed(tasks):
            yield await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tested(visit: Visit, item: Pick) -> Outcome:
    href = rows.source_href(item.namespace, item.name)
    try:
        probe: Probe = await visit.doors.verifier.by_request(visit.actor, item.namespace, item.name, {})
    except Failure as failure:
        return Outcome(item, href, False, problem=visit.sentence(failure.text))
    return Outcome(item, href, probe.success, visit.said(probe.reason))


async def _pieces(room: Room, visit: Visit, tests: AsyncGenerator[Outcome, None]) -> AsyncGenerator[bytes, None]:
    good = count = 0
    async for outcome in tests:
        good, count = good + outcome.success, count + 1
        yield tested.piece(room.templates.block(visit, "_outcome.html", "outcome", outcome).body)
    yield tested.piece(room.templates.block(visit, "_outcome.html", "sum", (good, count)).body)


async def _confirm(room: Room, visit: Visit, items: Sequence[Pick], *, mistyped: bool) -> Reply:
    _demand(visit, items, "delete")
    found, gone = [], []
    for item in items:
        try:
            stored = await visit.doors.objects.get(visit.actor, _KIND, item.namespace, item.name)
            found.append((item._replace(uid=stored.uid), rows.source(_KIND.decode(stored.body), visit)))
        except NotFound:
            gone.append(item)
    shown = [row for _, row in found]
    users = sum(row.used_by for row in shown)
    context = ConfirmPage(shown, [item for item, _ in found], gone, users, mistyped)
    return await room.templates.page(visit, "source_selection.html", context, place="sources")


async def _delete(room: Room, visit: Visit, items: Sequence[Pick]) -> Reply:
    _demand(visit, items, "delete")
    done = await several.each(visit, "delete", items, lambda item: item.place, lambda item: _remove(visit, item))
    told = [Outcome(item, "", not each.said, problem=each.said) for item, each in zip(items, done, strict=True)]
    return await _outcomes(room, visit, "delete", told)


async def _remove(visit: Visit, item: Pick) -> None:
    await visit.doors.objects.delete(visit.actor, _KIND, *item.place, Removal(uid=item.uid))


async def _outcomes(room: Room, visit: Visit, deed: str, outcomes: Sequence[Outcome]) -> Reply:
    return await room.templates.page(visit, "source_outcomes.html", OutcomesPage(deed, outcomes), place="sources")
