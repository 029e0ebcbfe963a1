"""PUT on one object or its status: 200 with the object."""

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
    options, place = asked.options(exchange, versioned=True), (target.kind, target.namespace or "", target.name)
    write = doors.objects.write_status if target.subresource == "status" else doors.objects.replace
    result = await write(exchange.actor, *place, document, options)
    told = result.warnings + (warnings if asked.unknown == "warn" else ())
    return answer.one(exchange, target.kind, result.stored, doors.clock.now(), 200, told)
