"""Turns and seats through the doors."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.types import Message, Receive, Scope, Send

from imageyard.domain.access import Actor
from imageyard.metrics import Metrics
from imageyard.web import exchange
from imageyard.web.exchange import Exchange
from imageyard.web.fair import Fair
from imageyard.web.fairness import MOST_WAITING, Seats
from imageyard.web.limits import Limits
from imageyard.web.seat import Seat
from tests.fakes.asgi import Client
from tests.web import whole
from tests.web.samples import IMAGES, image
from tests.web.test_objects import is_status

KUBE: Final = "/apis/image.theriseunion.io/v1alpha1/namespaces/default/repositories"
PROBES: Final = frozenset({"/livez"})


class Held:
    """An application that answers when told, and counts."""

    def __init__(self) -> None:
        self.inside = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.inside += 1
        await self.go.wait()


class Door:
    def __init__(self, limits: Limits) -> None:
        self.app = Held()
        self.fair = Fair(self.app, limits, PROBES, Metrics())
        self.tasks: list[asyncio.Task[None]] = []

    def ask(self, user: str, *groups: str, method: str = "GET", path: str = "/oapis", address: str = "") -> None:
        scope: Scope = {"method": method, "path": path, "query_string": b"", "headers": [], "client": (address, 1)}
        scope[exchange.KEY] = made = Exchange(scope, nothing, "en")
        if user:
            made.actor = Actor(user, frozenset({"system:authenticated", *groups}))
        self.tasks.append(asyncio.create_task(self.fair(scope, nothing, nowhere)))

    async def settle(self) -> int:
        """How many are inside once all have moved that can."""
        for _ in range(500):
            await asyncio.sleep(0)
        return self.app.inside

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def nothing() -> Message:
    return {"type": "http.disconnect"}


async def nowhere(message: Message) -> None:
    pass


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door(Limits(reads=4, writes=2))
    yield made
    await made.close()


async def test_reads_and_writes_and_administrators_have_seats_of_their_own(door: Door) -> None:
    for _ in range(10):
        door.ask("ann")
    assert await door.settle() == 2
    door.ask("ann", method="POST")
    assert await door.settle() == 3
    door.ask("root", "system:masters", method="POST")
    assert await door.settle() == 4


async def test_one_who_takes_all_it_gets_leaves_seats_to_others(door: Door) -> None:
    for _ in range(100):
        door.ask("elephant")
    await door.settle()
    door.ask("mouse")
    assert await door.settle() == 3


async def test_who_waits_is_served_when_a_seat_is_free(door: Door) -> None:
    for _ in range(10):
        door.ask("ann")
    await door.settle()
    door.app.go.set()
    await asyncio.gather(*door.tasks)
    assert door.app.inside == 10


async def test_what_takes_a_whole_turn_and_awaits_goes_on_in_the_next(door: Door) -> None:
    async def busy(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(3):
            await asyncio.sleep(0)
            door.fair.fairness.spend(exchange.of(scope).seat.flow, 1.0)  # type: ignore[union-attr]

    door.fair = Fair(busy, Limits(), PROBES, Metrics())
    door.ask("ann")
    async with asyncio.timeout(10):
        await asyncio.gather(*door.tasks)


async def test_probes_and_strangers_need_no_seat(door: Door) -> None:
    for _ in range(10):
        door.ask("", path="/livez", address="192.0.2.1")
        door.ask("", path="/version", address="2001:db8::1")
    assert await door.settle() == 20


async def test_a_request_given_up_leaves_no_seat_taken(door: Door) -> None:
    for _ in range(10):
        door.ask("ann")
    await door.settle()
    await door.close()
    door.ask("ann")
    door.ask("bob")
    assert await door.settle() == 4


async def test_a_client_that_floods_gets_429_with_retry_after_and_others_are_served(tmp_path: Path) -> None:
    async with whole.running(tmp_path) as server:
        elephant, mouse = await server.client("elephant", "image-admin"), await server.client("mouse", "image-admin")
        await mouse.post(IMAGES, image())
        flood = [asyncio.create_task(elephant.get(IMAGES)) for _ in range(MOST_WAITING + 200)]
        await asyncio.sleep(0)
        assert (await mouse.get(IMAGES)).status == 200
        assert sum(task.done() for task in flood) < 100
        answers = await asyncio.gather(*flood)
        refused = [answer for answer in answers if answer.status == 429]
        assert {answer.status for answer in answers} == {200, 429}
        is_status(refused[0], 429, "TooManyRequests")
        assert int(refused[0].headers["retry-after"]) >= 1
        assert f"rejected_requests_total {len(refused)}" in server.doors.metrics.render().decode()


async def test_a_flood_of_wrong_tokens_takes_turns_with_those_who_are_somebody(tmp_path: Path) -> None:
    async with whole.running(tmp_path) as server:
        mouse = await server.client("mouse", "image-admin")
        stranger = Client(mouse.app, {"authorization": "Bearer wrong"})
        await mouse.get(IMAGES)
        flood = [asyncio.create_task(stranger.get(IMAGES)) for _ in range(150)]
        await asyncio.sleep(0)
        assert (await mouse.get(IMAGES)).status == 200
        assert not all(task.done() for task in flood)
        assert {answer.status for answer in await asyncio.gather(*flood)} == {401, 429}


class Watching:
    """Somebody who watches until he leaves."""

    def __init__(self, client: Client) -> None:
        self.left = asyncio.Event()
        self.status = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._watch(client))

    async def _watch(self, client: Client) -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.start" and not self.status.done():
                self.status.set_result(message["status"])

        async def receive() -> Message:
            await self.left.wait()
            return {"type": "http.disconnect"}

        headers = [(b"host", b"127.0.0.1"), (b"authorization", client.headers["authorization"].encode())]
        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": KUBE, "query_string": b"watch=1"}
        await client.app({**scope, "headers": headers, "client": ("192.0.2.1", 1)}, receive, send)

    async def leave(self) -> None:
        self.left.set()
        await self._task


async def test_watches_are_bounded_per_user_and_in_all_and_take_no_seat(tmp_path: Path) -> None:
    limits = Limits(reads=2, writes=2, watches=3, watches_per_user=2)
    async with whole.running(tmp_path, limits=limits) as server:
        ann, root = await server.client("ann", "image-admin"), await server.client("root", "system:masters")
        mine = [Watching(ann) for _ in range(2)]
        assert [await each.status for each in mine] == [200, 200]
        refused = await ann.get(f"{KUBE}?watch=1")
        assert (refused.status, refused.json()["reason"]) == (429, "TooManyRequests")
        assert int(refused.headers["retry-after"]) >= 1
        assert (await ann.get(IMAGES)).status == 200
        others = [Watching(root), Watching(root)]
        assert [await each.status for each in others] == [200, 429]
        assert 'longrunning_requests{verb="watch"} 3.0' in server.doors.metrics.render().decode()
        await mine[0].leave()
        again = Watching(ann)
        assert await again.status == 200
        for each in [mine[1], again, *others]:
            await each.leave()
        assert 'longrunning_requests{verb="watch"} 0.0' in server.doors.metrics.render().decode()


async def test_long_lists_and_long_bodies_are_answered_like_short_ones(tmp_path: Path) -> None:
    async with whole.running(tmp_path) as server:
        ann = await server.client("ann", "image-admin")
        note = {"metadata": {"annotations": {"example.com/note": "x" * 100_000}}}
        for number in range(60):
            made = image(f"long-{number:03}")
            assert (
                await ann.post(IMAGES, {**made, "metadata": {**made["metadata"], **note["metadata"]}})
            ).status == 201
        listed = await ann.get(KUBE)
        assert (listed.status, len(listed.json()["items"])) == (200, 60)
        assert (await ann.post(IMAGES, b"{" * 100_000, headers={"content-type": "application/json"})).status == 400


async def test_long_work_in_a_thread_makes_pauses_while_somebody_else_is_about(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("imageyard.web.seat.sleep", pauses.append)
    ticks = count()
    monkeypatch.setattr("imageyard.web.seat.perf_counter", lambda: next(ticks) / 10_000)
    door.ask("ann")
    await door.settle()
    seat = Seat(door.fair, Seats(1).flow("ann"))
    assert [*seat.unhurried(range(100))] == [*range(100)]
    assert pauses == []
    door.ask("bob")
    await door.settle()
    assert [*seat.unhurried(range(100))] == [*range(100)]
    assert sum(pauses) >= 100 / 10_000
