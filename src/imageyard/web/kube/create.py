"""POST on a collection: 201 with the object."""

from imageyard.web import body
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, writing
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    answer.form_of(exchange)
    asked = writing.asked(exchange)
    given, warnings = await body.kube_document(exchange, strict=asked.unknown == "strict")
    document = writing.named(target.kind, given)
    writing.check_envelope(target, document)
    result = await doors.objects.create(
        exchange.actor, target.kind, target.namespace or "", document, asked.options(exchange)
    )
    exchange.name = result.stored.key.name
    told = result.warnings + (warnings if asked.unknown == "warn" else ())
    return answer.one(exchange, target.kind, result.stored, doors.clock.now(), 201, told)
