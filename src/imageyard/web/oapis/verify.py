"""POST …/verify: test a registry source, stored or not yet saved."""

from imageyard.domain.audit import RESULT
from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.answers import Step, Verification
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    document = await body.document(exchange, required=False)
    probe = await doors.verifier.by_request(exchange.actor, target.namespace, target.name, document)
    exchange.told[RESULT] = probe.reason
    language = exchange.language
    steps = [Step(each.name, each.outcome, each.message.speak(language), each.milliseconds) for each in probe.steps]
    return reply.json(Verification(probe.success, probe.message.speak(language), probe.reason, steps))
