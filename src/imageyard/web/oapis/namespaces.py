"""GET …/namespaces: where the caller may list something."""

from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.answers import NamespaceItem, NamespaceList, NamespaceName
from imageyard.web.reply import Reply


async def collection(doors: Doors, exchange: Exchange) -> Reply:
    names = await doors.objects.namespaces(exchange.actor)
    items = [NamespaceItem(NamespaceName(name)) for name in names]
    return reply.json(NamespaceList(items=items, total_items=len(items)))
