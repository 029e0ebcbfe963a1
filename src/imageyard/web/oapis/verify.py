"""POST …/verify: test a registry source, stored or not yet saved."""

from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis.target import Target
from imageyard.web.reply import Reply


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    target.within_one_namespace()
    document = await body.document(exchange, required=False)
    probe = await doors.verifier.by_request(exchange.actor, target.namespace, target.name, document)
    language = exchange.language
    steps = [
        {
            "name": step.name,
            "outcome": step.outcome,
            "message": step.message.speak(language),
            "milliseconds": step.milliseconds,
        }
        for step in probe.steps
    ]
    return reply.json(
        {
            "success": probe.success,
            "message": probe.message.speak(language),
            "reason": probe.reason,
            "steps": steps,
        }
    )
