"""Turns and allowances: one at a time, so many a minute."""

import asyncio

from imageyard.service.allowance import Allowance
from imageyard.service.turns import Turns


async def test_a_key_is_taken_by_one_at_a_time_in_order() -> None:
    turns: Turns[str, None] = Turns()
    log: list[str] = []

    async def work(name: str) -> None:
        async with turns.take("key"):
            log.append(f"{name} in")
            await asyncio.sleep(0)
            log.append(f"{name} out")

    await asyncio.gather(work("a"), work("b"), work("c"))
    assert log == ["a in", "a out", "b in", "b out", "c in", "c out"]


async def test_keys_do_not_wait_for_each_other() -> None:
    turns: Turns[str, None] = Turns()
    async with turns.take("a"), asyncio.timeout(1), turns.take("b"):
        pass


async def test_what_is_left_reaches_who_waited_and_nobody_later() -> None:
    turns: Turns[str, str] = Turns()
    found: list[str | None] = []

    async def work(leaves: str) -> None:
        async with turns.take("key") as turn:
            found.append(turn.left)
            turn.left = leaves
            await asyncio.sleep(0)

    await asyncio.gather(work("first"), work("second"))
    await work("third")
    assert found == [None, "first", None]


async def test_who_is_cancelled_while_waiting_leaves_the_turn_to_the_next() -> None:
    turns: Turns[str, None] = Turns()

    async def work() -> bool:
        async with turns.take("key"):
            return True

    async with turns.take("key"):
        waiting, next_one = asyncio.ensure_future(work()), asyncio.ensure_future(work())
        await asyncio.sleep(0)
        waiting.cancel()
    assert await next_one


def test_an_allowance_comes_back_one_by_one() -> None:
    allowance = Allowance(2)
    assert [allowance.take("ann", moment) for moment in (0.0, 10.0, 20.0)] == [None, None, 40]
    assert allowance.take("ann", 59.5) == 1
    assert allowance.take("ann", 60.0) is None
    assert allowance.take("ann", 61.0) == 9


def test_users_do_not_share_an_allowance() -> None:
    allowance = Allowance(1)
    assert [allowance.take(user, 0.0) for user in ("ann", "bob", "ann")] == [None, None, 60]
