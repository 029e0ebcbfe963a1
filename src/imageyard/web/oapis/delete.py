"""DELETE: one object (204), or the named ones of a collection, each with its own outcome."""

from typing import Any

from imageyard.domain.errors import REQUIRED, TYPE_INVALID, Cause, Invalid
from imageyard.domain.text import Text
from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.answers import Deletion, Deletions
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    await doors.objects.delete(exchange.actor, target.kind, target.namespace, target.name)
    return reply.NO_CONTENT


async def named(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    names = _names(await body.document(exchange, required=False))
    removed = await doors.objects.delete_names(exchange.actor, target.kind, target.namespace, names)
    items = [Deletion(each.name, each.success, each.reason, each.text.speak(exchange.language)) for each in removed]
    return reply.json(Deletions(items))


def _names(document: dict[str, Any]) -> list[str]:
    """The names to delete, each once. Without them nothing is deleted, never everything. Raises Invalid."""
    names = document.get("names")
    if names is None:
        raise _bad(
            REQUIRED, Text('必须给出要删除的名称，例如 {"names": ["a"]}', 'must name what to delete: {"names": ["a"]}')
        )
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise _bad(TYPE_INVALID, Text("必须是名称的列表", "must be a list of names"))
    return list(dict.fromkeys(names))


def _bad(reason: str, text: Text) -> Invalid:
    return Invalid([Cause("names", reason, text)])
