"""GET …/namespaces: where the caller may list something."""

from imageyard.domain.objects import API_VERSION
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.reply import Reply


async def collection(doors: Doors, exchange: Exchange) -> Reply:
    names = await doors.objects.namespaces(exchange.actor)
    items = [{"metadata": {"name": name}} for name in names]
    return reply.json({"apiVersion": API_VERSION, "kind": "NamespaceList", "items": items, "totalItems": len(items)})
