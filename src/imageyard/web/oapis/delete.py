"""DELETE: one object (204), or the named ones of a collection, each with its own outcome."""

from itertools import islice
from typing import Any, Final

from imageyard.domain.audit import Part
from imageyard.domain.document import SHOWN
from imageyard.domain.errors import REQUIRED, TYPE_INVALID, UNKNOWN_FIELD, Cause, Invalid
from imageyard.domain.text import Text, excerpt
from imageyard.web import body, errors, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import parameters
from imageyard.web.oapis.answers import Deletion, Deletions
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply

_CODES: Final = {"": 200, **{failure.__name__: outcome.code for failure, outcome in errors.STATUS_OF.items()}}
"""By the reason that is told of a name, what a delete of it alone would have been answered."""


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    await doors.objects.delete(exchange.actor, target.kind, target.namespace, target.name)
    return reply.NO_CONTENT


async def named(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    parameters.refuse_dry_run(exchange.query)
    names = _names(await body.document(exchange, required=False))
    removed = await doors.objects.delete_names(exchange.actor, target.kind, target.namespace, names)
    exchange.parts += [Part(target.namespace, each.name, _CODES.get(each.reason, 500), each.reason) for each in removed]
    items = [Deletion(each.name, each.success, each.reason, each.text.speak(exchange.language)) for each in removed]
    return reply.json(Deletions(items))


def _names(document: dict[str, Any]) -> list[str]:
    """The names to delete, as the caller lists them. Without them nothing is deleted, never everything.
    Raises Invalid."""
    names = document.get("names")
    causes = [
        Cause(excerpt(key), UNKNOWN_FIELD, Text("未知字段", "is an unknown field"))
        for key in islice(document, SHOWN)
        if key != "names"
    ]
    if names is None:
        causes.append(Cause("names", REQUIRED, _NEEDED))
    elif not isinstance(names, list):
        causes.append(Cause("names", TYPE_INVALID, Text("必须是名称的列表", "must be a list of names")))
    else:
        wrong = (place for place, name in enumerate(names) if not isinstance(name, str))
        causes += [
            Cause(f"names[{place}]", TYPE_INVALID, Text("必须是字符串", "must be a string"))
            for place in islice(wrong, SHOWN)
        ]
    if causes or not isinstance(names, list):
        raise Invalid(causes)
    return names


_NEEDED: Final = Text('必须给出要删除的名称，例如 {"names": ["a"]}', 'must name what to delete: {"names": ["a"]}')
