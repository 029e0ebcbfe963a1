"""GET …?watch=1: each change as a line of JSON, as long as reader and server want it.

Where a watch begins (https://kubernetes.io/docs/reference/using-api/api-concepts/#semantics-for-watch):
no resourceVersion or 0: what there is, as ADDED, then changes; any other: changes after it; `sendInitialEvents`: what
there is, a bookmark that ends it, then changes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import msgspec

from imageyard.domain.errors import Gone
from imageyard.domain.kind import Kind
from imageyard.store import Change, Query, Stored, Terms
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, splice, status, table
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
    doors.objects.demand_watch(exchange.actor, target.kind, target.namespace)
    watch = _Watch(doors, exchange, target, options, form)
    return Stream(200, reply.STREAMED, watch.lines())


class _Watch(NamedTuple):
    doors: Doors
    exchange: Exchange
    target: Target
    options: ListOptions
    form: Form

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Ends cleanly when the time is up, the reader is gone, or the server stops."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.options.seconds or LONGEST) as deadline:
                ends = asyncio.ensure_future(self._ends())
                ends.add_done_callback(lambda _: None if deadline.expired() else deadline.reschedule(loop.time()))
                try:
                    async for line in self._all():
                        yield line
                finally:
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
                page = await self.doors.objects.list(self.exchange.actor, kind, self._everything())
                since = page.resource_version
                for stored in page.items:
                    yield self._line("ADDED", stored)
                if self.options.initial and self.options.bookmarks:
                    yield bookmark(kind, since, self.form, initial=True)
            elif self.options.initial is False and not since:
                since = None
            async with self.doors.objects.watch(
                self.exchange.actor, kind, namespace=self.target.namespace, since=since, bookmarks=True
            ) as changes:
                async for change in changes:
                    if (line := self._told(change)) is not None:
                        yield line
        except Gone:
            yield expired()

    def _everything(self) -> Query:
        namespace = self.target.namespace
        return Query(
            namespaces=None if namespace is None else frozenset({namespace}),
            labels=self.options.labels,
            fields=self.options.fields,
        )

    def _told(self, change: Change) -> bytes | None:
        if change.type == "BOOKMARK":
            return bookmark(self.target.kind, change.resource_version, self.form) if self.options.bookmarks else None
        if not self.options.selective:
            return self._line(change.type, change)
        type_ = self._seen(change)
        return None if type_ is None else self._line(type_, change)

    def _seen(self, change: Change) -> Type | None:
        """What the change is to who sees only some objects: one may come into sight, or leave it."""
        now = terms(self.target.kind, change)
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
        return _encoded(self.target.kind, type_, shown, self.form, table.included(self.exchange))


@lru_cache(maxsize=_ENCODED)
def _encoded(kind: Kind[Any], type_: str, shown: Stored | Change, form: Form, include: str) -> bytes:
    body = splice.whole(shown)
    if form.shape == "Table":
        body = table.render(kind, [body], table.meta(shown.resource_version), form.version, include)
    elif form.shape:
        body = table.partial(body, form.version)
    return b'{"type":"%s","object":%s}\n' % (type_.encode(), body)


@lru_cache(maxsize=_ENCODED)
def terms(kind: Kind[Any], change: Change) -> Terms:
    """What selectors see of the object as the change has it."""
    obj = kind.decode(change.body)
    return Terms(obj.metadata.labels, kind.index(obj).fields)


def bookmark(kind: Kind[Any], version: int, form: Form, *, initial: bool = False) -> bytes:
    """Tells how far the watch is. The one that ends the initial events says so in an annotation."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if initial:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    shown = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata}
    body = msgspec.json.encode(shown)
    if form.shape == "Table":
        body = table.render(kind, [], metadata, form.version, "None")
    elif form.shape:
        body = table.partial(body, form.version)
    return b'{"type":"BOOKMARK","object":%s}\n' % body


def expired() -> bytes:
    """The history does not reach that far back, or the reader fell too far behind: list again."""
    document, _ = status.describe(Gone())
    return b'{"type":"ERROR","object":%s}\n' % msgspec.json.encode(document)
