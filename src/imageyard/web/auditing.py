"""Puts on record who did what at any door, and who was not let in: a layer outside the guards, which sees their
refusals too, and in strict mode one behind them, which sees a request before anything is done about it.

Nothing of a body, of a query or of a header but X-Request-Id and User-Agent is written down.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from imageyard import logs
from imageyard.domain import audit as records
from imageyard.domain.access import ANONYMOUS
from imageyard.domain.audit import DECISION, DENIED, DOOR, NO_ANSWER, PART_OF, Event, ObjectRef, Stage, User
from imageyard.domain.clock import Clock
from imageyard.domain.errors import Unavailable
from imageyard.domain.kinds import BY_PLURAL
from imageyard.service.audit import Audit
from imageyard.web import exchange, naming
from imageyard.web.exchange import SAFE_METHODS, Exchange
from imageyard.web.naming import Named

_UNANSWERED: Final = "NoAnswer"


def recorded(app: ASGIApp, audit: Audit, clock: Clock) -> ASGIApp:
    """The outer layer."""
    return Insistent(app, audit, clock) if audit.strict else Audited(app, audit, clock)


def announced(app: ASGIApp, audit: Audit, clock: Clock) -> ASGIApp:
    """The inner layer, where there has to be one."""
    return Announced(app, audit, clock) if audit.strict else app


class Audited:
    """What was answered is noted after it was answered."""

    def __init__(self, app: ASGIApp, audit: Audit, clock: Clock) -> None:
        self._app = app
        self._audit = audit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = _Asked(exchange.of(scope), self._clock)
        try:
            await self._app(scope, receive, send)
        finally:
            self._audit.note(asked.answered(asked.exchanged.status))


class Insistent:
    """Nobody hears an answer that is not on record, unless it could not be written: then what was done is said all the
    same."""

    def __init__(self, app: ASGIApp, audit: Audit, clock: Clock) -> None:
        self._app = app
        self._audit = audit
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        asked, begun = _Asked(exchanged, self._clock), False
        # An answer by one call would not come by here.
        exchanged.whole = None

        async def heard(message: Message) -> None:
            nonlocal begun
            if not begun and message["type"] == "http.response.start":
                begun = True
                if events := asked.answered(message["status"]):
                    with suppress(Unavailable):
                        await self._audit.record(events)
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            if not begun:
                self._audit.note(asked.answered(NO_ANSWER))


class Announcer:
    """In strict mode puts on record what is about to be done."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock

    async def __call__(self, exchanged: Exchange) -> None:
        """Raises Unavailable when it cannot be: then it may not be done."""
        named = naming.of(exchanged.method, exchanged.path)
        if self._audit.strict and not named.question:
            now = self._clock.now()
            await self._audit.record([_event(exchanged, named, "RequestReceived", now, now)])


class Announced:
    """Nothing is done that is not on record first. Raises Unavailable when it cannot be. Who becomes known only behind
    a door is announced there."""

    def __init__(self, app: ASGIApp, audit: Audit, clock: Clock) -> None:
        self._app = app
        self._announce = Announcer(audit, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.method not in SAFE_METHODS and exchanged.actor.user != ANONYMOUS:
            await self._announce(exchanged)
        await self._app(scope, receive, send)


class _Asked:
    """A request, and when it came."""

    __slots__ = ("_began", "_clock", "exchanged")

    def __init__(self, exchanged: Exchange, clock: Clock) -> None:
        self.exchanged = exchanged
        self._clock = clock
        self._began = clock.monotonic()

    def answered(self, code: int) -> Sequence[Event]:
        """What is to be recorded of the answer, most often one event; of a request for many also one for each."""
        exchanged = self.exchanged
        code = exchanged.refused or code
        safe = exchanged.method in SAFE_METHODS
        if safe and code not in DENIED:
            return ()
        named = naming.of(exchanged.method, exchanged.path)
        known = exchanged.actor.user != ANONYMOUS
        if not records.is_recorded(safe=safe, question=named.question, known=known, code=code):
            return ()
        until = self._clock.now()
        received = until - timedelta(seconds=self._clock.monotonic() - self._began)
        event = _event(exchanged, named, "ResponseComplete", received, until, code)
        return [*_parts(event, exchanged), event] if exchanged.parts else [event]


def _event(
    exchanged: Exchange, named: Named, stage: Stage, received: datetime, until: datetime, code: int = NO_ANSWER
) -> Event:
    actor, complete = exchanged.actor, stage == "ResponseComplete"
    told = {DOOR: named.door, **exchanged.told}
    if complete and actor.user != ANONYMOUS:
        told[DECISION] = _decision(code)
    reason = exchanged.reason or ("" if code else _UNANSWERED)
    return Event(
        audit_id=logs.scrub(exchanged.request_id),
        stage=stage,
        request_uri=named.uri,
        verb=exchanged.verb or named.verb,
        user=_user(actor.user, actor.groups, actor.credential),
        source_ips=[exchanged.address] if exchanged.address else [],
        user_agent=naming.agent(exchanged.header(b"user-agent")) or UNSET,
        object_ref=_ref(exchanged, named, code),
        response_status=records.status(code, reason) if complete else UNSET,
        request_received_timestamp=received,
        stage_timestamp=until,
        annotations=told,
    )


def _parts(whole: Event, exchanged: Exchange) -> Iterator[Event]:
    """One record for each object of a request for many, as if each had been asked for alone."""
    if whole.object_ref is UNSET:
        return
    for part in exchanged.parts:
        yield replace(
            whole,
            verb=part.verb,
            object_ref=replace(
                whole.object_ref, namespace=part.namespace, name=part.name, subresource=part.subresource
            ),
            response_status=records.status(part.code, part.reason),
            annotations={**whole.annotations, PART_OF: whole.verb, DECISION: _decision(part.code)},
        )


def _decision(code: int) -> str:
    """In the words of Kubernetes' authorization."""
    return "forbid" if code == HTTPStatus.FORBIDDEN else "allow"


def _ref(exchanged: Exchange, named: Named, code: int) -> ObjectRef | UnsetType:
    """The object as the path names it, or as it came to be called when it was made. What no object can be called was
    pasted by mistake, unless there is an object called so."""
    ref = named.ref or _routed(exchanged)
    if ref is None:
        return UNSET
    if not ref.namespace and naming.is_name(exchanged.namespace):
        ref = replace(ref, namespace=exchanged.namespace)
    exists = 200 <= code < 400
    if exchanged.name and exchanged.name != ref.name and (exists or naming.is_name(exchanged.name)):
        return replace(ref, name=exchanged.name)
    return ref


def _routed(exchanged: Exchange) -> ObjectRef | None:
    """What the router of another door says it is about."""
    resource, _, subresource = exchanged.resource.partition("/")
    kind = BY_PLURAL.get(resource)
    if kind is None:
        return None
    namespace = exchanged.namespace if naming.is_name(exchanged.namespace) else ""
    return ObjectRef(
        resource=resource,
        namespace=namespace,
        api_group=kind.group,
        api_version=kind.version,
        subresource=subresource,
    )


@lru_cache(maxsize=1024)
def _user(name: str, groups: frozenset[str], credential: str) -> User:
    return User(name, sorted(groups), {records.CREDENTIAL: [credential]} if credential else {})
