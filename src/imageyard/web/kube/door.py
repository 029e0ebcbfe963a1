"""The kube door as an ASGI application: from a path and a method to a handler, from its answer to the wire."""

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from starlette.types import Receive, Scope, Send

from imageyard.domain.kind import Kind
from imageyard.domain.kinds.reviews import REVIEWS
from imageyard.web import errors, exchange, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import actions, create, delete, documents, get, parameters, patch, reviews, update, watch
from imageyard.web.kube import list as listing
from imageyard.web.kube.target import Target, match
from imageyard.web.reply import Reply, Stream

Answer = Reply | Stream
Handler = Callable[[Doors, Exchange, Target], Awaitable[Answer]]


async def _list_or_watch(doors: Doors, exchanged: Exchange, target: Target) -> Answer:
    options = parameters.listing(target.kind, exchanged.query)
    if options.watch:
        exchanged.verb = "watch"
        return await watch.collection(doors, exchanged, target, options)
    return await listing.collection(doors, exchanged, target, options)


Handlers = Mapping[str, tuple[Handler, str]]
"""By method, each with its verb."""
COLLECTION: Final[Handlers] = {
    "GET": (_list_or_watch, "list"),
    "POST": (create.one, "create"),
    "DELETE": (delete.collection, "deletecollection"),
}
STATUS: Final[Handlers] = {"GET": (get.one, "get"), "PUT": (update.one, "update"), "PATCH": (patch.one, "patch")}
OBJECT: Final[Handlers] = {**STATUS, "DELETE": (delete.one, "delete")}
ACTIONS: Final[Mapping[str, Handlers]] = {
    "verify": {"POST": (actions.verified, "create")},
    "sync": {"POST": (actions.synced, "create")},
}
REVIEW: Final[Handlers] = {"POST": (reviews.create, "create")}


class KubeDoor:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        answered = await self._answer(exchanged)
        if isinstance(answered, Stream):
            await reply.stream(answered, exchanged.method, send)
        else:
            await reply.send(answered, exchanged, send)

    async def _answer(self, exchanged: Exchange) -> Answer:
        if (document := documents.find(exchanged)) is not None:
            return document
        if any(name.startswith(b"impersonate-") for name in exchanged.headers):
            # Passed over, an administrator's own rights would be taken for those of the other.
            raise parameters.bad("impersonation (--as, --as-group, --as-uid) is not supported")
        target = match(exchanged.path)
        if target is None:
            raise errors.UnknownPath
        exchanged.resource, exchanged.namespace, exchanged.name = target.resource, target.namespace or "", target.name
        handlers = handlers_of(target)
        found = handlers.get("GET" if exchanged.method == "HEAD" else exchanged.method)
        if found is None:
            raise errors.MethodNotAllowed(exchanged.method, tuple(handlers))
        handler, exchanged.verb = found
        return await handler(self._doors, exchanged, target)


def handlers_of(target: Target) -> Handlers:
    """What discovery says, and no more: the door answers no verb that a kind does not have."""
    if target.name:
        return {"": OBJECT, "status": STATUS, **ACTIONS}[target.subresource]
    return _of_collection(target.kind, target.kind.namespaced and target.namespace is None)


@lru_cache
def _of_collection(kind: Kind[Any], everywhere: bool) -> Handlers:
    """Across all namespaces objects are listed and watched, nothing else."""
    verbs = {"list"} if everywhere else {*kind.verbs}
    handlers = REVIEW if kind in REVIEWS else COLLECTION
    return {method: (handler, verb) for method, (handler, verb) in handlers.items() if verb in verbs}
