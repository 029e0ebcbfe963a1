"""PATCH on one object: JSON merge patch (also as plain application/json) or JSON patch."""

from imageyard.service.objects import Patch
from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    media_type, value = await body.patch(exchange)
    patch = Patch("json" if media_type == body.JSON_PATCH else "merge", value)
    result = await doors.objects.patch(exchange.actor, target.kind, target.namespace, target.name, patch)
    return reply.stored(result.stored.body, warnings=result.warnings)
