"""GET …/manifests/{digest}: manifest, config and layers of a digest in an image's status or history."""

import json

from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    found = await doors.manifests.read(exchange.actor, target.namespace, target.name, target.digest)
    # The standard library's writer, because a registry's JSON may hold what ours refuses: integers over 64 bits,
    # halves of surrogate pairs.
    return reply.stored(json.dumps(found).encode("ascii"))
