"""GET on a collection: chunked, of one moment, in any form."""

import asyncio
from typing import Final

from imageyard.domain.errors import Gone
from imageyard.store import Page, Query
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer
from imageyard.web.kube.answer import Pace
from imageyard.web.kube.parameters import ListOptions, TooLargeResourceVersion
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply

SHORT: Final = 50
"""Objects that are shown within a millisecond or two."""


async def collection(doors: Doors, exchange: Exchange, target: Target, options: ListOptions) -> Reply:
    answer.form_of(exchange)
    if exchange.seat is None or (options.limit is not None and options.limit <= SHORT):
        return _shown(doors, exchange, target, options, await _page(doors, exchange, target, options))
    async with exchange.seat.at_desk():
        page = await _page(doors, exchange, target, options)
        if len(page.items) <= SHORT:
            return _shown(doors, exchange, target, options, page)
        return await asyncio.to_thread(_shown, doors, exchange, target, options, page, exchange.seat.unhurried)


async def _page(doors: Doors, exchange: Exchange, target: Target, options: ListOptions) -> Page:
    page = await doors.objects.list(exchange.actor, target.kind, query_of(target, options))
    _check_version(options, page.resource_version)
    return page


def _shown(
    doors: Doors, exchange: Exchange, target: Target, options: ListOptions, page: Page, pace: Pace = iter
) -> Reply:
    counted = page.continuation and not options.selective and not options.continuation
    remaining = page.total - len(page.items) if counted else 0
    return answer.many(exchange, target.kind, page, remaining, doors.clock.now(), pace)


def query_of(target: Target, options: ListOptions) -> Query:
    return Query(
        namespaces=None if target.namespace is None else frozenset({target.namespace}),
        labels=options.labels,
        fields=options.fields,
        limit=options.limit,
        continuation=options.continuation,
    )


def _check_version(options: ListOptions, newest: int) -> None:
    """Only the present is listed: an exact past is gone, a future is not there yet. Raises Gone,
    TooLargeResourceVersion."""
    if options.version is None or options.continuation:
        return
    if options.match == "Exact" and options.version < newest:
        raise Gone
    if options.version > newest:
        raise TooLargeResourceVersion(options.version, newest)
