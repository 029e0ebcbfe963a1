"""POST on a collection: 201 with the object."""

from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    document = await body.document(exchange)
    result = await doors.objects.create(exchange.actor, target.kind, target.namespace, document)
    exchange.name = result.stored.key.name
    return reply.stored(result.stored.body, 201, result.warnings)
