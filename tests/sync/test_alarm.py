"""The one timer, and deadlines made of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from imageyard.sync.alarm import Alarm, Deadline
from tests.fakes.clock import FakeClock


@asynccontextmanager
async def ringing(clock: FakeClock) -> AsyncIterator[Alarm]:
    alarm = Alarm(clock)
    task = asyncio.create_task(alarm.run())
    try:
        yield alarm
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_actions_are_called_in_the_order_of_their_moments() -> None:
    clock, called = FakeClock(), list[tuple[str, float]]()
    async with ringing(clock) as alarm:
        for name, seconds in (("late", 9), ("soon", 1), ("mid", 5)):
            alarm.after(seconds, lambda name=name: called.append((name, clock.monotonic())))  # type: ignore[misc]
        alarm.after(2, lambda: called.append(("forgotten", 0))).cancel()
        await clock.advance(4)
        alarm.after(0.5, lambda: called.append(("set later", clock.monotonic())))
        await clock.advance(10)
    assert called == [("soon", 1), ("set later", 4.5), ("mid", 5), ("late", 9)]


async def test_a_deadline_ends_the_work_with_a_time_out() -> None:
    clock = FakeClock()

    async def work(alarm: Alarm) -> None:
        async with Deadline(alarm, 5):
            await clock.sleep(100)

    async with ringing(clock) as alarm:
        task = asyncio.create_task(work(alarm))
        await clock.advance(6)
        with pytest.raises(TimeoutError):
            await task


async def test_a_cancellation_from_outside_is_not_taken_for_a_time_out() -> None:
    clock = FakeClock()

    async def work(alarm: Alarm) -> None:
        async with Deadline(alarm, 5):
            await clock.sleep(100)

    async with ringing(clock) as alarm:
        task = asyncio.create_task(work(alarm))
        await clock.advance(1)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()


async def test_work_that_ends_in_time_is_left_alone() -> None:
    clock = FakeClock()
    async with ringing(clock) as alarm:
        async with Deadline(alarm, 5):
            pass
        await clock.advance(10)
        assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_cancelled_moments_do_not_pile_up() -> None:
    clock = FakeClock()
    async with ringing(clock) as alarm:
        kept = list[int]()
        alarm.after(700, lambda: kept.append(1))
        for _ in range(10_000):
            alarm.after(600, lambda: kept.append(2)).cancel()
        assert len(alarm) < 500
        await clock.advance(1000)
    assert kept == [1]
