"""All objects that can be read: one whose bytes are damaged must not hide the others."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import structlog

from imageyard.domain.errors import Corrupt
from imageyard.domain.kind import Kind
from imageyard.store import Query, Store, Stored

PAGE: Final = 500

log = structlog.get_logger()


async def each(store: Store, kind: Kind[Any], query: Query) -> AsyncIterator[Stored]:
    """Every object that matches, page by page, so that no list is ever held whole. A damaged one is reported and passed
    over; from the first of them on, the pages are numbered, since none continues behind a page that cannot be read."""
    token, seen = "", 0
    while True:
        try:
            page = await store.list(kind, replace(query, limit=PAGE, continuation=token))
        except Corrupt:
            break
        for stored in page.items:
            yield stored
        token, seen = page.continuation, seen + len(page.items)
        if not token:
            return
    for first in range(seen, await store.count(kind, query), PAGE):
        async for stored in _numbered(store, kind, query, first, PAGE):
            yield stored


async def _numbered(store: Store, kind: Kind[Any], query: Query, first: int, count: int) -> AsyncIterator[Stored]:
    try:
        page = await store.list(kind, replace(query, limit=count, offset=first))
    except Corrupt as damage:
        if count == 1:
            log.error("object_damaged", kind=kind.singular, problem=damage.text.en)
            return
        for position in range(first, first + count):
            async for stored in _numbered(store, kind, query, position, 1):
                yield stored
        return
    for stored in page.items:
        yield stored
