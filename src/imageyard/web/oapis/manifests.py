"""GET …/manifests/{digest}: manifest, config and layers of a digest in an image's status or history."""

from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    target.within_one_namespace()
    found = await doors.objects.manifest(exchange.actor, target.namespace, target.name, target.digest)
    return reply.json(found)
