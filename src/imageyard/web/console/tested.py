"""What a connection test found, as pages show it: all at once, or piece by piece to somebody who watches.

A piece ends with SEPARATOR, which cannot stand within one: what is data in it is escaped.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from imageyard.domain.audit import RESULT
from imageyard.domain.errors import Failure
from imageyard.registry import Probe
from imageyard.registry import Step as Ended
from imageyard.web import hygiene
from imageyard.web.console import failures
from imageyard.web.console.histories import Step
from imageyard.web.console.room import Room
from imageyard.web.console.trial import Test, Trial
from imageyard.web.console.visit import Said, Visit
from imageyard.web.reply import Stream

SEPARATOR: Final = b"<!--piece-->"
TEMPLATE: Final = "_tested.html"


@dataclass(frozen=True, slots=True)
class Tested:
    success: bool
    said: Said
    message: str
    steps: tuple[Step, ...]


def of(probe: Probe, visit: Visit) -> Tested:
    steps = tuple(step(each, visit) for each in probe.steps)
    return Tested(probe.success, visit.said(probe.reason), visit.sentence(probe.message), steps)


def step(ended: Ended, visit: Visit) -> Step:
    return Step(ended.name, ended.outcome, visit.sentence(ended.message), ended.milliseconds or 0)


async def whole(visit: Visit, test: Test) -> Tested:
    """The test for a browser alone, which waits. Raises what the test raises."""
    trial = Trial(test)
    await trial.begin()
    async with aclosing(trial.steps()) as steps:
        async for _ in steps:
            pass
    return of(_recorded(trial, visit), visit)


async def watched(room: Room, visit: Visit, test: Test) -> Stream:
    """The test for somebody who sees each step as it ends. Raises what the test raises before its first step."""
    trial = Trial(test)
    await trial.begin()
    return Stream(200, hygiene.PAGE, _pieces(room, visit, trial))


async def _pieces(room: Room, visit: Visit, trial: Trial) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(trial.steps()) as steps:
            async for each in steps:
                yield piece(room.templates.block(visit, TEMPLATE, "step", step(each, visit)).body)
        verdict = of(_recorded(trial, visit), visit)
        yield piece(room.templates.block(visit, TEMPLATE, "verdict", verdict).body)
    except Failure as failure:
        yield piece(failures.page(room, visit, failure).body)


def _recorded(trial: Trial, visit: Visit) -> Probe:
    """What came of it; the audit is told the reason."""
    probe = trial.probe()
    visit.exchange.told[RESULT] = probe.reason
    return probe


def piece(html: bytes) -> bytes:
    return html.strip() + SEPARATOR
