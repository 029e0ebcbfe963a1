"""GET /metrics: the Prometheus exposition, for who may `get` that non-resource URL."""

from typing import Final

from starlette.types import Receive, Scope, Send

from imageyard import metrics
from imageyard.web import errors, exchange, hygiene, reply
from imageyard.web.doors import Doors
from imageyard.web.reply import Reply

PATH: Final = "/metrics"


class MetricsDoor:
    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.path != PATH:
            raise errors.UnknownPath
        if exchanged.method not in ("GET", "HEAD"):
            raise errors.MethodNotAllowed(exchanged.method, ("GET", "HEAD"))
        exchanged.resource, exchanged.verb = "metrics", "get"
        self._doors.objects.rights.demand_path(exchanged.actor, "get", PATH)
        headers = ((b"content-type", metrics.CONTENT_TYPE.encode()), *hygiene.DATA)
        await reply.send(Reply(200, headers, self._doors.metrics.render()), exchanged, send)
