"""GET on a collection: a page of objects as the API reference shapes it."""

from functools import lru_cache
from typing import Any, Final

from imageyard.domain.errors import INVALID, Cause, Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply

MOST_BYTES: Final = 32 * 1024 * 1024
"""Of the objects on a page: it is held in memory until the client has read it. Ten of the largest fit."""
_TOO_LARGE: Final = Text(
    f"此页的对象合计超过 {MOST_BYTES >> 20} MiB，请减小 limit",
    f"the objects on this page are larger than {MOST_BYTES >> 20} MiB together; ask for fewer",
)


async def collection(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    query = parameters.listing(target.kind, target.namespace, exchange.query)
    page = await doors.objects.list(exchange.actor, target.kind, query)
    opening, closing = _opening(target.kind), b'],"totalItems":%d}' % page.total
    document = page.framed(opening, closing, MOST_BYTES)
    if document is None and len(page.items) > 1:
        raise Invalid([Cause("limit", INVALID, _TOO_LARGE)], kind=target.kind.singular)
    return reply.stored(opening + page.bodies[0] + closing if document is None else document)


@lru_cache
def _opening(kind: Kind[Any]) -> bytes:
    return f'{{"apiVersion":"{kind.api_version}","kind":"{kind.name}List","items":['.encode()
