"""GET on a collection: chunked, of one moment, in any form."""

from imageyard.domain.errors import Gone
from imageyard.store import Query
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.kube import answer
from imageyard.web.kube.parameters import ListOptions, TooLargeResourceVersion
from imageyard.web.kube.target import Target
from imageyard.web.reply import Reply


async def collection(doors: Doors, exchange: Exchange, target: Target, options: ListOptions) -> Reply:
    answer.form_of(exchange)
    page = await doors.objects.list(exchange.actor, target.kind, query_of(target, options))
    _check_version(options, page.resource_version)
    counted = page.continuation and not options.selective and not options.continuation
    return answer.many(exchange, target.kind, page, page.total - len(page.items) if counted else 0, doors.clock.now())


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
