"""The console as an ASGI application: recognise who asks, find the page, send what it answers."""

from collections.abc import Awaitable, Mapping
from typing import Final
from urllib.parse import quote

from starlette.types import Receive, Scope, Send

from imageyard.domain.errors import Failure, Unauthorized
from imageyard.domain.text import Language
from imageyard.web import auditing, errors, exchange, reply
from imageyard.web.actor import Authentication
from imageyard.web.console import assets, cookies, failures, forms, preferences, routes, visit
from imageyard.web.console.pages import preferences as preferences_page
from imageyard.web.console.pages import signin
from imageyard.web.console.room import Room
from imageyard.web.console.session import Sessions
from imageyard.web.console.templates import Templates
from imageyard.web.console.visit import Visit
from imageyard.web.console.words import Words
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.reply import Reply, Stream

_OPEN: Final = frozenset({signin.SIGN_IN, preferences_page.PATH, "/console"})
"""Also for who is not signed in yet: the sign-in page speaks two languages."""


class ConsoleDoor:
    def __init__(self, doors: Doors, authentication: Authentication, catalogs: Mapping[Language, Words]) -> None:
        self._doors = doors
        self._catalogs = catalogs
        announce = auditing.Announcer(doors.audit, doors.clock)
        sessions = Sessions(authentication, doors.callers, doors.clock, announce)
        self._room = Room(Templates(catalogs), sessions)

    def recognise(self, asked: Exchange) -> Awaitable[None] | None:
        """The guard before this door: nobody has to be known to sign in. Raises Unauthorized, TooManyRequests."""
        if asked.path in _OPEN or asked.path.startswith(assets.PREFIX):
            return None
        return self._room.sessions.recognise(asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = exchange.of(scope)
        answer = await self._answer(asked)
        if isinstance(answer, Stream):
            await reply.stream(answer, asked.method, send)
        else:
            await reply.send(answer, asked, send)

    async def _answer(self, asked: Exchange) -> Reply | Stream:
        if asked.path.startswith(assets.PREFIX):
            asked.resource, asked.verb = "console/static", "get"
            return assets.answer(asked)
        matched = routes.match(asked.path)
        if matched is None:
            raise errors.UnknownPath
        route = matched.route
        asked.resource, asked.verb = f"console/{route.resource}", route.verb(asked.method)
        asked.namespace, asked.name = matched.namespace, matched.name
        page = route.methods.get("GET" if asked.method == "HEAD" else asked.method)
        if page is None:
            raise errors.MethodNotAllowed(asked.method, route.methods)
        return await page(self._room, self._visit(asked), *matched.names)

    def render(self, failure: Failure, asked: Exchange) -> Reply:
        """A failure as a page; who is not signed in is led to where one does that."""
        came = self._visit(asked)
        if isinstance(failure, Unauthorized):
            return failures.sign_in_first(self._room, came)
        return failures.page(self._room, came, failure)

    def _visit(self, asked: Exchange) -> Visit:
        sent = cookies.read(asked.header(b"cookie"))
        liked = preferences.read(sent, asked.header(b"accept-language"), self._doors.console_language)
        try:
            query = forms.parse(asked.query)
        except Failure:
            query = forms.Form({})
        host = asked.header(b"host")
        secure = visit.is_secure(asked.scheme, host)
        origin = f"{asked.scheme}://{quote(host, safe='[]:.-_')}"
        return Visit(self._doors, asked, self._catalogs[liked.language], liked, query, origin, secure)
