"""GET …/history: what happened to one object, newest first."""

from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


def list_kind(subresources: tuple[str, ...]) -> str:
    """The name of the answer's kind: of syncs where a kind has them, else of verifications."""
    return "SyncHistoryList" if "sync" in subresources else "VerifyHistoryList"


async def of_one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    lines = await doors.objects.history(exchange.actor, target.kind, target.namespace, target.name)
    opening = f'{{"apiVersion":"{target.kind.api_version}","kind":"{list_kind(target.kind.subresources)}","items":['
    return reply.stored(b'%s%s],"totalItems":%d}' % (opening.encode(), b",".join(lines), len(lines)))
