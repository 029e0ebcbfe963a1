"""DELETE on one object, and on what a selector finds in a collection."""

from collections.abc import Mapping
from typing import Any, Final

from imageyard.domain.audit import DRY_RUN, Part
from imageyard.domain.objects import Key
from imageyard.service.removal import Removal
from imageyard.web import body, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer, parameters, status, writing
from imageyard.web.kube import list as listing
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply

_POLICIES: Final = (None, "", "Orphan", "Background", "Foreground")
"""All are one here: nothing depends on an object in Kubernetes' sense."""


async def one(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    form = answer.form_of(exchange)
    place = (target.kind, target.namespace or "", target.name)
    gone = await doors.objects.delete(exchange.actor, *place, await _removal(exchange))
    if target.kind.decode(gone.body).metadata.deletion_timestamp is not None or form.shape:
        return answer.one(exchange, target.kind, gone, doors.clock.now())
    return reply.json(status.success(target.kind, gone.key.name, gone.uid))


async def collection(doors: Doors, exchange: Exchange, target: Target) -> Reply:
    answer.form_of(exchange)
    options = parameters.listing(target.kind, exchange.query)
    removal = await _removal(exchange)

    def told(gone: Key) -> None:
        exchange.parts.append(Part(gone.namespace, gone.name, 200))

    query = listing.query_of(target, options)
    page = await doors.objects.delete_all(exchange.actor, target.kind, query, removal, told)
    return answer.many(exchange, target.kind, page, 0, doors.clock.now())


async def _removal(exchange: Exchange) -> Removal:
    """DeleteOptions of the body, dryRun of the query too. Raises BadRequest."""
    given, _ = await body.kube_document(exchange, required=False)
    told = given.get("preconditions")
    preconditions: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    if given.get("propagationPolicy") not in _POLICIES:
        raise parameters.bad(
            'propagationPolicy: Unsupported value: supported values: "Background", "Foreground", "Orphan"'
        )
    rehearsed = given.get("dryRun")
    asked = writing.dry_run(parameters.fields(exchange.query).get("dryRun", ""))
    if rehearsed not in (None, [], ["All"]):
        raise parameters.bad('dryRun: Unsupported value: supported values: "All"')
    uid, version = preconditions.get("uid") or "", preconditions.get("resourceVersion") or ""
    if not isinstance(uid, str) or not isinstance(version, str):
        raise parameters.bad("preconditions: Invalid value: uid and resourceVersion are strings")
    if asked or rehearsed:
        exchange.told[DRY_RUN] = "All"
    return Removal(uid, version, asked or bool(rehearsed))
