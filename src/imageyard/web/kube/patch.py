"""PATCH on one object or its status: JSON patch, merge patch, server-side apply."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from imageyard.domain.errors import UnsupportedMediaType
from imageyard.domain.objects import GROUP
from imageyard.domain.text import Text
from imageyard.service.objects import Patch
from imageyard.web import body
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, writing
from imageyard.web.kube.target import Target
from imageyard.web.kube.writing import Asked
from imageyard.web.reply import Reply

APPLY: Final = "application/apply-patch+yaml"
STRATEGIC: Final = "application/strategic-merge-patch+json"
TYPES: Final = (body.JSON_PATCH, body.MERGE_PATCH, APPLY)


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    answer.form_of(exchange)
    media_type = exchange.header(b"content-type").partition(";")[0].strip().lower()
    types = TYPES if target.kind.group == GROUP else (*TYPES, STRATEGIC)
    if media_type not in types:
        raise unsupported(types)
    asked = writing.asked(exchange, required=media_type == APPLY)
    value = await body.kube_patch(exchange, media_type)
    if media_type == APPLY:
        return await _apply(doors, exchange, target, asked, value)
    if asked.force:
        raise writing.forbidden_force()
    patch = Patch(_KINDS[media_type], value)
    place = (target.kind, target.namespace or "", target.name)
    write = doors.objects.write_status if target.subresource == "status" else doors.objects.patch
    result = await write(exchange.actor, *place, patch, asked.options(exchange))
    return answer.one(exchange, target.kind, result.stored, doors.clock.now(), 200, result.warnings)


_KINDS: Final[Mapping[str, Literal["json", "merge", "strategic"]]] = {
    body.JSON_PATCH: "json",
    body.MERGE_PATCH: "merge",
    STRATEGIC: "strategic",
}


async def _apply(doors: Doors, exchange: Exchange, target: Target, asked: Asked, config: Mapping[str, Any]) -> Reply:
    """201 where the object was not there."""
    writing.check_envelope(target, config)
    place = (target.kind, target.namespace or "", target.name)
    result = await doors.objects.apply(
        exchange.actor, *place, config, asked.options(exchange), force=asked.force, sub=target.subresource
    )
    code = 201 if result.created else 200
    return answer.one(exchange, target.kind, result.stored, doors.clock.now(), code, result.warnings)


def unsupported(accepted: tuple[str, ...]) -> UnsupportedMediaType:
    """In the API server's words."""
    sentence = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return UnsupportedMediaType(Text(sentence, sentence))
