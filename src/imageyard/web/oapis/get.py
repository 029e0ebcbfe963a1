"""GET on one object: its stored bytes."""

from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    stored = await doors.objects.get(exchange.actor, target.kind, target.namespace, target.name)
    return reply.stored(stored.body)
