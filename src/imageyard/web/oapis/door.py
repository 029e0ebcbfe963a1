"""The REST door as an ASGI application: from a path to a handler, from its Reply to the wire."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.types import Receive, Scope, Send

from imageyard.domain.errors import Failure
from imageyard.web import errors, exchange, reply
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import docs, namespaces, openapi, routes
from imageyard.web.reply import Reply

Page = Callable[[Doors, Exchange], Awaitable[Reply]]

PAGES: Final[Mapping[str, Page]] = {
    f"{routes.PREFIX}/namespaces": namespaces.collection,
    openapi.PATH: openapi.page,
    docs.PATH: docs.page,
}
"""Paths that belong to no kind; each is for reading only."""
READ: Final = ("GET", "HEAD")


def render(failure: Failure, exchanged: Exchange) -> Reply:
    """The Status of a failure. What it does not say of the object it is about, the path does."""
    matched = routes.match(exchanged.path) if exchanged.path.startswith(routes.BELOW) else None
    if matched is None or failure.kind not in ("", matched.target.kind.singular):
        return errors.render(failure, exchanged.language)
    return errors.render(failure, exchanged.language, matched.target.kind.singular, matched.target.name)


class RestDoor:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        await reply.send(await self._answer(exchanged), exchanged, send)

    async def _answer(self, exchanged: Exchange) -> Reply:
        path = exchanged.path
        matched = routes.match(path) if path.startswith(routes.BELOW) else None
        if matched is None:
            return await self._page(exchanged)
        route, target = matched
        exchanged.resource, exchanged.namespace, exchanged.name = route.resource, target.namespace, target.name
        endpoint = route.methods.get("GET" if exchanged.method == "HEAD" else exchanged.method)
        if endpoint is None:
            raise errors.MethodNotAllowed(exchanged.method, route.allowed)
        exchanged.verb = endpoint.verb
        return await endpoint.handler(self._doors, exchanged, target)

    async def _page(self, exchanged: Exchange) -> Reply:
        page = PAGES.get(exchanged.path)
        if page is None:
            raise errors.UnknownPath
        if exchanged.method not in READ:
            raise errors.MethodNotAllowed(exchanged.method, READ)
        exchanged.resource, exchanged.verb = exchanged.path.rpartition("/")[2], "get"
        return await page(self._doors, exchanged)
