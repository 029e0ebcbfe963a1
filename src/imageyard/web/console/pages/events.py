"""The one stream of a tab: which of the objects on show have changed. What they are now the page asks for itself.

`on` names topics as pages declare them in `data-live`, separated by `;`: a plural, then a namespace, then a name.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final, NamedTuple

import msgspec

from imageyard.domain.errors import BadRequest, Failure, Forbidden, Gone
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import EVENT, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.text import Text
from imageyard.store import Change
from imageyard.web import hygiene
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Headers, Stream

LONGEST: Final = 600.0
"""Seconds; the browser comes again, and who it is and what it may is asked anew."""
GATHERED: Final = 0.3
"""Seconds that changes wait for each other."""
HEARTBEAT: Final = 15.0
MOST_TOPICS: Final = 8
MOST_NAMESPACES: Final = 50
"""Watches of who may not watch all namespaces at once."""
MOST_TOLD: Final = 200
"""Changes in one message; of more it is told that there were many."""
_KINDS: Final = {kind.plural: kind for kind in (REPOSITORY, REGISTRY_SECRET, EVENT)}
_HEADERS: Final[Headers] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    *hygiene.DATA,
    (b"x-accel-buffering", b"no"),
)


class Topic(NamedTuple):
    kind: Kind[Any]
    namespace: str = ""
    name: str = ""


async def stream(room: Room, visit: Visit) -> Stream:
    """Raises BadRequest, Forbidden, TooManyRequests before anything is sent."""
    topics = parse(visit.query.text("on"))
    watched = [each for topic in topics for each in _watched(visit, topic, await visit.namespaces())]
    for topic in watched:
        visit.doors.objects.demand_watch(visit.actor, topic.kind, topic.namespace or None)
    room.listeners.check(_listener(visit))
    if visit.exchange.seat is not None:
        visit.exchange.seat.last()
    return Stream(200, _HEADERS, _Listening(room, visit, watched).messages())


def parse(text: str) -> Sequence[Topic]:
    """Raises BadRequest for a kind that nobody can listen to."""
    topics = [each.split() for each in text.split(";") if each.strip()]
    if not topics or len(topics) > MOST_TOPICS or any(len(each) > 3 or each[0] not in _KINDS for each in topics):
        raise BadRequest(Text("参数 on 应为所关注的对象", "the parameter `on` names what to listen to"))
    return [Topic(_KINDS[kind], *where) for kind, *where in topics]


def _watched(visit: Visit, topic: Topic, known: Iterable[str]) -> Sequence[Topic]:
    """The watches that one topic takes: one, or one a namespace for who may not watch them all."""
    scope = visit.may.scope(topic.kind, topic.namespace, known)
    if scope is None:
        return [topic]
    if not scope or len(scope) > MOST_NAMESPACES:
        raise Forbidden(Text("无权关注这些对象", "these objects cannot be listened to"))
    return [topic._replace(namespace=name) for name in sorted(scope)]


def _listener(visit: Visit) -> str:
    """By session where there is one, else by whoever it is."""
    return visit.actor.credential or visit.actor.user


class _Listening:
    def __init__(self, room: Room, visit: Visit, topics: Sequence[Topic]) -> None:
        self._room = room
        self._visit = visit
        self._topics = topics
        self._told: dict[str, None] = {}
        self._some = asyncio.Event()
        self._lost = False
        self._standing = visit.doors.tokens.standing(visit.actor)

    async def messages(self) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST
        with self._room.listeners.listening(_listener(self._visit)):
            tasks: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._follow(topic)) for topic in self._topics]
            tasks += [asyncio.ensure_future(self._left()), asyncio.ensure_future(self._visit.doors.stopping.wait())]
            for ending in tasks:
                ending.add_done_callback(lambda _: self._some.set())
            try:
                yield b"retry: 3000\n\n"
                while loop.time() < until and not any(task.done() for task in tasks) and self._counts():
                    yield await self._next(tasks)
                if self._lost:
                    yield _message("many", [])
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self, ending: Sequence[asyncio.Future[Any]]) -> bytes:
        """What has changed meanwhile, or a sign of life. When something is `ending`, nothing more is waited for."""
        try:
            await asyncio.wait_for(self._some.wait(), HEARTBEAT)
        except TimeoutError:
            return b": alive\n\n"
        await asyncio.wait(ending, timeout=GATHERED, return_when=asyncio.FIRST_COMPLETED)
        self._some.clear()
        told, self._told = self._told, {}
        return _message("many", []) if len(told) > MOST_TOLD else _message("changed", list(told))

    def _counts(self) -> bool:
        """Whether the reader may still listen: sessions end and rights are taken away."""
        try:
            for topic in self._topics:
                self._visit.doors.objects.demand_watch(self._visit.actor, topic.kind, topic.namespace or None)
        except Failure:
            return False
        return self._standing()

    async def _follow(self, topic: Topic) -> None:
        watch = self._visit.doors.objects.watch(
            self._visit.actor, topic.kind, namespace=topic.namespace or None, since=None, bookmarks=False
        )
        with suppress(Failure):
            async with AsyncExitStack() as stack:
                try:
                    async for change in await stack.enter_async_context(watch):
                        self._take(topic, change)
                except Gone:
                    self._lost = True

    def _take(self, topic: Topic, change: Change) -> None:
        key = change.key
        if topic.name in ("", key.name):
            # Kept bounded: of more than can be told in one message only the number matters.
            if len(self._told) <= MOST_TOLD:
                self._told[f"{change.type} {key.resource}/{key.namespace}/{key.name}"] = None
            self._some.set()

    async def _left(self) -> None:
        while (await self._visit.exchange.receive())["type"] != "http.disconnect":
            pass


def _message(event: str, told: Sequence[str]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.encode(), msgspec.json.encode(told))
