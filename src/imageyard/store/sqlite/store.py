"""The Store in one SQLite file: who reads where, and what is one transaction. Design: docs/design/002-store.md."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import apsw

from imageyard.domain.errors import Corrupt, Failure, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key, Object
from imageyard.store import KEEP, Changes, Content, Due, Keep, Note, Page, Query, Stored, lock
from imageyard.store.broadcast import Broadcast
from imageyard.store.sqlite import connection as connections
from imageyard.store.sqlite import contents, entry, hits, listing, matches, moment, notes, objects, rows, schema, sealed
from imageyard.store.sqlite.log import Scope
from imageyard.store.sqlite.matches import Matches, Question
from imageyard.store.sqlite.objects import Create
from imageyard.store.sqlite.pages import Pages
from imageyard.store.sqlite.ranks import Ranks
from imageyard.store.sqlite.readers import Readers
from imageyard.store.sqlite.recent import Recent
from imageyard.store.sqlite.replacement import Replace
from imageyard.store.sqlite.watching import Watching
from imageyard.store.sqlite.writer import Committed, Writer

BOOKMARK_EVERY: Final = 50.0
"""Seconds; the promise is once a minute."""


class SQLiteStore:
    """See `imageyard.store.Store`. One process and one event loop; `open` is the way to one."""

    def __init__(
        self,
        directory: Path,
        kinds: Sequence[Kind[Any]],
        now: Callable[[], datetime],
        observe_commit: Callable[[float], None] | None,
        bookmark_every: float,
        patience: float,
    ) -> None:
        file = directory / connections.FILE
        self.file = file
        self._observe_commit = observe_commit
        self._bookmark_every = bookmark_every
        self._now = now
        self.left_open = connections.left_open(file)
        """Whether the process before this one was killed or lost its power."""
        self._connection = connections.writer(file)
        schema.migrate(self._connection, now())
        self._numbers = schema.number(self._connection, [kind.plural for kind in kinds])
        self._readers = Readers(file)
        resources = {number: resource for resource, number in self._numbers.items()}
        self._ranks = self._readers.at_once(lambda connection: Ranks(connection, resources))
        self._matches = Matches(self._ranks.version)
        self._pages = Pages(self._ranks.version)
        self._recent = Recent()
        self._broadcast = Broadcast(self._readers.at_once(rows.window).newest)
        self._writer = Writer(self._connection, self._numbers, now, self._committed, patience)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        directory: Path,
        kinds: Sequence[Kind[Any]],
        *,
        now: Callable[[], datetime],
        observe_commit: Callable[[float], None] | None = None,
        bookmark_every: float = BOOKMARK_EVERY,
        patience: float = 0.0,
    ) -> AsyncIterator["SQLiteStore"]:
        """Open `directory/imageyard.db`, making it on the first start, for as long as the block runs.

        Reads no table in full: what a killed process left is recovered from the write-ahead log alone.
        `observe_commit` gets the seconds of each durable commit; patient writes wait `patience` seconds for others.
        Raises Locked, schema.Newer, Corrupt, Unavailable, OSError."""
        with lock.held(directory):
            try:
                store = cls(directory, kinds, now, observe_commit, bookmark_every, patience)
            except apsw.Error as error:
                raise connections.translated(error) from error
            try:
                yield store
            finally:
                await asyncio.shield(store._close())

    async def create(
        self, kind: Kind[Any], obj: Object, *, sealed: bytes | None = None, managed: bytes = b""
    ) -> Stored:
        return await self._writer.submit(Create(entry.prepare(kind, obj), sealed, managed))

    async def get(self, kind: Kind[Any], namespace: str, name: str) -> Stored:
        key = Key(kind.plural, namespace, name)
        held = self._recent.get(key)
        if held is None:
            number = self._numbers[kind.plural]
            held = self._readers.statement(lambda c: rows.one(c, key, kind.singular, number))
            self._recent.put(held)
        return held

    async def list(self, kind: Kind[Any], query: Query) -> Page:
        """One snapshot. Raises Corrupt, naming it, when one object of the page is damaged."""
        held = self._pages.get(kind.plural, query)
        if held is not None:
            return held
        number = self._numbers[kind.plural]
        if query.search:
            await self._readers.prepare_search(self.head)
        if listing.is_short(query):
            rank, version = self._ranks.told(kind.plural)
            quick = self._readers.statement(lambda c: listing.quick_page(c, kind, number, rank, version, query))
            if quick is not None:
                self._pages.put(kind.plural, query, quick)
                return quick
            return self._readers.at_once(lambda c: self._short_page(c, kind, number, query))
        question = None if listing.is_plain(query) else matches.of(kind.plural, query)
        if question is not None and (known := await self._known(question, kind, number, query)) is not None:
            return known
        return await self._readers.in_thread(lambda c: listing.page(c, kind, number, query))

    async def count(self, kind: Kind[Any], query: Query) -> int:
        number = self._numbers[kind.plural]
        if listing.is_plain(query):
            return listing.total(self._ranks.told(kind.plural)[0], query)
        if query.search:
            await self._readers.prepare_search(self.head)
        return await self._readers.in_thread(lambda c: hits.counted(c, number, query))

    async def replace(
        self,
        kind: Kind[Any],
        obj: Object,
        *,
        sealed: bytes | Keep | None = KEEP,
        managed: bytes | Keep = KEEP,
        note: Note | None = None,
        patient: bool = False,
    ) -> Stored:
        new = entry.prepare(kind, obj)
        return await self._writer.submit(Replace(new, sealed, managed, note), patient=patient)

    async def delete(
        self, kind: Kind[Any], namespace: str, name: str, *, uid: str = "", resource_version: str = ""
    ) -> Stored:
        """The answer carries the resourceVersion of the deletion, as does the DELETED change."""
        key = Key(kind.plural, namespace, name)
        return await self._writer.submit(lambda tx: objects.delete(tx, kind, key, uid, resource_version))

    @asynccontextmanager
    async def watch(
        self,
        kind: Kind[Any],
        *,
        namespace: str | None = None,
        since: int | None = None,
        bookmarks: bool = False,
    ) -> AsyncIterator[Changes]:
        scope = Scope(kind.plural, kind.singular, self._numbers[kind.plural], namespace)
        with self._broadcast.subscribed(kind.plural, namespace) as subscription:
            every = self._bookmark_every if bookmarks else None
            yield Watching(scope, since, subscription, self._broadcast, self._readers, every)

    async def resource_version(self) -> int:
        return self._readers.at_once(rows.window).newest

    @property
    def head(self) -> int:
        return self._broadcast.head

    async def size(self) -> int:
        return self._readers.at_once(rows.size)

    async def due(self, kind: Kind[Any], until: datetime, limit: int) -> Sequence[Due]:
        number, latest = self._numbers[kind.plural], moment.stored(until)

        def work(connection: apsw.Connection) -> Sequence[Due]:
            found = connection.execute(
                "SELECT namespace, name, due FROM objects WHERE kind = ? AND due IS NOT NULL AND due <= ?"
                " ORDER BY due, namespace, name LIMIT ?",
                (number, latest, limit),
            )
            return [Due(Key(kind.plural, namespace, name), moment.read(at)) for namespace, name, at in found]

        return await self._readers.in_thread(work)

    async def sealed(self, kind: Kind[Any], namespace: str, name: str) -> bytes | None:
        number = self._numbers[kind.plural]
        exists, value = self._readers.statement(lambda c: sealed.find(c, number, namespace, name))
        if not exists:
            raise NotFound(kind.singular, name)
        return value

    async def sealed_after(self, cursor: str, limit: int) -> Sequence[tuple[str, Key, str, bytes]]:
        return await self._readers.in_thread(lambda c: sealed.after(c, cursor, limit))

    async def reseal(self, key: Key, old: bytes, new: bytes) -> bool:
        return await self._writer.submit(lambda tx: sealed.swap(tx, key, old, new))

    async def notes(self, uid: str, stream: Literal["sync", "verify"], limit: int) -> Sequence[bytes]:
        return self._readers.statement(lambda c: notes.newest(c, uid, stream, limit))

    async def scopes(self, uid: str, digest: str) -> Sequence[str]:
        return self._readers.at_once(lambda c: notes.scopes(c, uid, digest))

    async def put_content(self, content: Content) -> None:
        await self._writer.submit(lambda tx: contents.put(tx, content), patient=True)

    async def get_content(self, scope: str, digest: str) -> Content | None:
        return self._readers.statement(lambda c: contents.get(c, scope, digest))

    async def sweep(self, now: datetime) -> int:
        """History is cut as it is written, and dropped with its object; what is left to sweep are contents."""
        before, dropped, last = moment.stored(now - contents.KEPT), 0, contents.BATCH
        while last == contents.BATCH:
            last = await self._writer.submit(lambda tx: contents.drop_unnamed(tx, before))
            dropped += last
        return dropped

    async def holders(self, kind: Kind[Any]) -> Mapping[tuple[str, str], int]:
        number = self._numbers[kind.plural]
        sql = (
            "SELECT reference, namespace, count(*) FROM objects WHERE kind = ? AND reference <> '' "
            "GROUP BY reference, namespace"
        )
        rows = await self._readers.in_thread(lambda c: list(c.execute(sql, (number,))))
        return {(str(reference), str(namespace)): int(count) for reference, namespace, count in rows}

    async def damage(self) -> str:
        """What is wrong with the file, "" when nothing is. Reads all of it, beside whatever else goes on.
        Raises Unavailable."""
        try:
            return await self._readers.in_thread(connections.damage)
        except Corrupt as error:
            return str(error)

    @property
    def readable(self) -> bool:
        """Whether a read succeeds now."""
        try:
            self._readers.at_once(rows.window)
        except Failure:
            return False
        return True

    @property
    def writable(self) -> bool:
        """Whether the last write succeeded; after a failure of the storage the writer finds out by itself."""
        return self._writer.writable

    def _short_page(self, connection: apsw.Connection, kind: Kind[Any], number: int, query: Query) -> Page:
        window = rows.window(connection)
        try:
            rank = self._ranks.of(kind.plural, connection, window.newest)
            return listing.short_page(connection, kind, number, rank, window, query)
        except listing.Astray:
            self._ranks.reload(connection)
            rank = self._ranks.of(kind.plural, connection, window.newest)
            return listing.short_page(connection, kind, number, rank, window, query)

    async def _known(self, question: Question, kind: Kind[Any], number: int, query: Query) -> Page | None:
        """A page of a question whose answer is known, or worth knowing; None when it has to be read otherwise: there
        are more matches than are to be counted, or it was overtaken by a commit."""
        known = self._matches.get(question)
        if known is None or (known.ids is None and not listing.is_walked(query)):
            known = await self._readers.in_thread(lambda c: listing.matched(c, number, query))
            if known is None:
                return None
            self._matches.put(question, known)
        page, ids = await self._page_of(question, known.total, kind, number, query)
        if page is None or not self._matches.is_true(question, known, page.resource_version):
            return None
        self._matches.add(question, matches.part(query), ids)
        if len(query.namespaces or ()) < 2:
            self._pages.put(kind.plural, query, page)
        return page

    async def _page_of(
        self, question: Question, total: int, kind: Kind[Any], number: int, query: Query
    ) -> tuple[Page | None, "array[int]"]:
        ids, version = self._matches.shown(question, matches.part(query)), self._matches.version
        if ids is None:
            return await self._readers.in_thread(lambda c: listing.found_page(c, kind, number, query, total))
        return self._readers.statement(lambda c: listing.known_page(c, kind, ids, total, version)), ids

    def _committed(self, committed: Committed) -> None:
        self._matches.tell(committed.moves, committed.version)
        self._ranks.tell(committed.changes, committed.version)
        moved = {move.key.resource for move in committed.moves}
        self._pages.tell(committed.changes, moved, committed.version)
        self._recent.tell(committed.changes)
        self._broadcast.tell(committed.changes, committed.version)
        if self._observe_commit is not None:
            self._observe_commit(committed.seconds)

    async def _close(self) -> None:
        await self._writer.close()
        self._broadcast.close()
        self._readers.close()
        self._recent = Recent()
        # The last connection moves the log into the database, which may take a while.
        await asyncio.to_thread(self._connection.close)
