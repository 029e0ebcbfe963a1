"""GET on a collection: a page of objects as the API reference shapes it."""

from functools import lru_cache
from typing import Any

from imageyard.domain.kind import Kind
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def collection(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    query = parameters.listing(target.kind, target.namespace, exchange.query)
    page = await doors.objects.list(exchange.actor, target.kind, query)
    return reply.stored(b'%s%s],"totalItems":%d}' % (_opening(target.kind), b",".join(page.bodies), page.total))


@lru_cache
def _opening(kind: Kind[Any]) -> bytes:
    return f'{{"apiVersion":"{kind.api_version}","kind":"{kind.name}List","items":['.encode()
