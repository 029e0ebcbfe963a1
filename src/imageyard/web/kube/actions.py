"""POST on `verify` and `sync`: what the REST door answers, as a document with a kind."""

from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube.target import Target
from imageyard.web.oapis import sync, verify
from imageyard.web.oapis.target import Target as RestTarget
from imageyard.web.reply import Reply


async def verified(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    return await verify.one(doors, exchange, _rest(target))


async def synced(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    return await sync.one(doors, exchange, _rest(target))


def _rest(target: Target) -> RestTarget:
    return RestTarget(target.kind, target.namespace or "", target.name, "")
