"""GET on one object, or its status (which is the same object, as custom resources have it)."""

from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    answer.form_of(exchange)
    stored = await doors.objects.get(
        exchange.actor, target.kind, target.namespace or "", target.name, sub=target.subresource
    )
    return answer.one(exchange, target.kind, stored, doors.clock.now())
