"""GET …?watch=1: each change as a line of JSON, as long as reader and server want it.

Where a watch begins (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch):
no resourceVersion or 0: what there is, as ADDED, then changes; any other: changes after it; `sendInitialEvents`: what
there is, a bookmark that ends it, then changes.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import msgspec

from imageyard.domain.errors import Forbidden, Gone
from imageyard.domain.kind import Kind
from imageyard.store import Change, Page, Query, Stored, Terms
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, splice, status, table
from imageyard.web.kube.list import SHORT
from imageyard.web.kube.negotiation import Form
from imageyard.web.kube.parameters import ListOptions
from imageyard.web.kube.target import Target
from imageyard.web.reply import Stream

LONGEST: Final = 3600.0
"""Seconds after which a watch ends by itself; clients begin another where it stopped."""
_ENCODED: Final = 1024
"""Lines that are kept for the watchers that come to the same change a moment later."""

Type = Literal["ADDED", "MODIFIED", "DELETED"]


async def collection(doors: Doors, exchange: Exchange, target: Target, options: ListOptions) -> Stream:
    """Raises Forbidden, NotAcceptable before anything is sent."""
    form = answer.form_of(exchange)
    if form.media == "yaml":
        form = Form("json", form.shape, form.version)
    doors.objects.demand_watch(exchange.actor, target.kind, target.namespace, options.fields)
    if exchange.seat is not None:
        exchange.seat.last()
    watch = _Watch(doors, exchange, target, options, form, doors.tokens.standing(exchange.actor))
    return Stream(200, reply.STREAMED, watch.lines())


class _Watch(NamedTuple):
    doors: Doors
    exchange: Exchange
    target: Target
    options: ListOptions
    form: Form
    counts: Callable[[], bool]
    """Whether what the reader has shown counts yet."""

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Ends cleanly when the time is up, the reader is gone or may watch no more, or the server stops."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.options.seconds or LONGEST) as deadline:
                ends = asyncio.ensure_future(self._ends())

                def end(_: object) -> None:
                    deadline.reschedule(loop.time())

                ends.add_done_callback(end)
                try:
                    async for line in self._all():
                        yield line
                finally:
                    ends.remove_done_callback(end)
                    ends.cancel()

    async def _ends(self) -> None:
        """Returns when the reader has left or the server stops."""
        stopping = asyncio.ensure_future(self.doors.stopping.wait())
        leaving = asyncio.ensure_future(self._left())
        try:
            await asyncio.wait({stopping, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            leaving.cancel()

    async def _left(self) -> None:
        while (await self.exchange.receive())["type"] != "http.disconnect":
            pass

    async def _all(self) -> AsyncGenerator[bytes, None]:
        kind, since = self.target.kind, self.options.version
        try:
            if self.options.initial or (self.options.initial is None and not since):
                page = await self._listed()
                since = page.resource_version
                for number, stored in enumerate(page.items, 1):
                    yield self._line("ADDED", stored)
                    if number % SHORT == 0:
                        await asyncio.sleep(0)  # others have their turn
                if self.options.initial and self.options.bookmarks:
                    yield self._bookmark(since, initial=True)
            elif self.options.initial is False and not since:
                since = None
            async with self.doors.objects.watch(
                self.exchange.actor,
                kind,
                namespace=self.target.namespace,
                since=since,
                bookmarks=True,
                fields=self.options.fields,
            ) as changes:
                async for change in changes:
                    if not self._may_go_on():
                        return
                    if (line := self._told(change)) is not None:
                        yield line
        except Gone:
            yield expired()

    def _may_go_on(self) -> bool:
        """Tokens are revoked and rights taken away while a watch is open; whoever begins another hears which."""
        try:
            self.doors.objects.demand_watch(
                self.exchange.actor, self.target.kind, self.target.namespace, self.options.fields
            )
        except Forbidden:
            return False
        return self.counts()

    async def _listed(self) -> Page:
        listing = self.doors.objects.list(self.exchange.actor, self.target.kind, self._everything(), verb="watch")
        if self.exchange.seat is None:
            return await listing
        async with self.exchange.seat.at_desk():
            return await listing

    def _everything(self) -> Query:
        namespace = self.target.namespace
        return Query(
            namespaces=None if namespace is None else frozenset({namespace}),
            labels=self.options.labels,
            fields=self.options.fields,
        )

    def _told(self, change: Change) -> bytes | None:
        if change.type == "BOOKMARK":
            return self._bookmark(change.resource_version) if self.options.bookmarks else None
        if not self.options.selective:
            return self._line(change.type, change)
        type_ = self._seen(change)
        return None if type_ is None else self._line(type_, change)

    def _seen(self, change: Change) -> Type | None:
        """What the change is to who sees only some objects: one may come into sight, or leave it."""
        now = _terms(self.target.kind, change.body)
        is_in = self._matches(change, now)
        if change.type != "MODIFIED":
            return change.type if is_in else None  # type: ignore[return-value]
        was_in = is_in if change.before is None else self._matches(change, change.before)
        if is_in:
            return "MODIFIED" if was_in else "ADDED"
        return "DELETED" if was_in else None

    def _matches(self, change: Change, seen: Terms) -> bool:
        labels, fields = self.options.labels, self.options.fields
        places = {"metadata.name": change.key.name, "metadata.namespace": change.key.namespace}
        return (labels is None or labels.matches(seen.labels)) and (
            fields is None or fields.matches({**seen.fields, **places})
        )

    def _line(self, type_: str, shown: Stored | Change) -> bytes:
        if self.form.shape == "Table":
            meta = table.meta(shown.resource_version)
            return _event(type_, self._table([splice.whole(shown)], meta, table.included(self.exchange)))
        return _encoded(self.target.kind, type_, shown.body, shown.managed, self.form)

    def _table(self, bodies: list[bytes], meta: dict[str, Any], include: str) -> bytes:
        return table.render(self.target.kind, bodies, meta, self.form.version, include, self.doors.clock.now())

    def _bookmark(self, version: int, *, initial: bool = False) -> bytes:
        """Tells how far the watch is. The one that ends the initial events says so in an annotation."""
        kind, meta = self.target.kind, table.meta(version)
        if initial:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        if self.form.shape == "Table":
            return _event("BOOKMARK", self._table([], meta, "None"))
        body = msgspec.json.encode({"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta})
        return _event("BOOKMARK", table.partial(body, self.form.version) if self.form.shape else body)


@lru_cache(maxsize=_ENCODED)
def _encoded(kind: Kind[Any], type_: str, body: bytes, managed: bytes, form: Form) -> bytes:
    """Once for all watchers that come to the same change a moment apart."""
    body = splice.joined(body, managed)
    return _event(type_, table.partial(body, form.version) if form.shape else kind.shown(body))


def _event(type_: str, body: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), body)


@lru_cache(maxsize=_ENCODED)
def _terms(kind: Kind[Any], body: bytes) -> Terms:
    """What selectors see of an object."""
    obj = kind.decode(body)
    return Terms(obj.metadata.labels, kind.index(obj).fields)


def expired() -> bytes:
    """The history does not reach that far back, or the reader fell too far behind: list again."""
    document, _ = status.describe(Gone())
    return _event("ERROR", msgspec.json.encode(document))
