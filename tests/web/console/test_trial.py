"""A test that somebody watches ends with him, and tells each step once."""

import asyncio

import pytest

from imageyard.domain.errors import NotFound
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Probe, Step, Told
from imageyard.web.console.trial import Trial

FIRST = Step("address", "ok", Text("", ""), 1)
LAST = Step("login", "ok", Text("", ""), 2)
DONE = Probe(True, Reason.Verified, Text("", ""), (FIRST, LAST))


async def test_a_step_is_heard_of_before_the_next_is_taken() -> None:
    go_on = asyncio.Event()

    async def test(told: Told) -> Probe:
        told(FIRST)
        await go_on.wait()
        told(LAST)
        return DONE

    trial = Trial(test)
    await trial.begin()
    steps = trial.steps()
    assert await anext(steps) == FIRST
    go_on.set()
    assert [step async for step in steps] == [LAST]
    assert trial.probe() == DONE


async def test_what_was_not_told_is_in_the_end() -> None:
    """Whoever waited for another's test has its steps all the same."""

    async def test(told: Told) -> Probe:
        return DONE

    trial = Trial(test)
    await trial.begin()
    assert [step async for step in trial.steps()] == [FIRST, LAST]


async def test_a_refusal_comes_before_anything_is_told() -> None:
    async def test(told: Told) -> Probe:
        raise NotFound("registrysecret", "x")

    with pytest.raises(NotFound):
        await Trial(test).begin()


async def test_a_test_ends_with_whoever_watches_it() -> None:
    ended = asyncio.Event()

    async def test(told: Told) -> Probe:
        try:
            told(FIRST)
            await asyncio.Event().wait()
        finally:
            ended.set()
        return DONE

    trial = Trial(test)
    await trial.begin()
    steps = trial.steps()
    await anext(steps)
    await steps.aclose()
    await asyncio.wait_for(ended.wait(), 1)
    waiting = asyncio.ensure_future(Trial(lambda told: _never(ended)).begin())
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def _never(ended: asyncio.Event) -> Probe:
    await asyncio.Event().wait()
    return DONE
