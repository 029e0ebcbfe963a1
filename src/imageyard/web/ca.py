"""`GET /ca.crt`: the own CA as PEM, open to all. It is public by nature, and who fetches it by a connection that
nothing vouches for compares its fingerprint before trusting it (`imageyard login`)."""

from typing import Final

from starlette.types import Receive, Scope, Send

from imageyard.web import errors, exchange, reply
from imageyard.web.reply import Reply

PATH: Final = "/ca.crt"
_HEADERS: Final = ((b"content-type", b"application/x-pem-file"), (b"cache-control", b"no-store"))


class CaDoor:
    def __init__(self, ca: bytes) -> None:
        self._reply = Reply(200, _HEADERS, ca)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchanged = exchange.of(scope)
        if exchanged.path != PATH or not self._reply.body:
            raise errors.UnknownPath
        if exchanged.method not in ("GET", "HEAD"):
            raise errors.MethodNotAllowed(exchanged.method, ("GET", "HEAD"))
        await reply.send(self._reply, exchanged, send)
