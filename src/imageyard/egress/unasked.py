"""Servers that speak before they are asked (SSH, SMTP, FTP): the same answer whichever side is faster."""

import aiohttp
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError


class Unasked(aiohttp.ClientError):
    """Bytes that are no HTTP came before the request was sent."""


class Asking(aiohttp.ClientRequest):
    """aiohttp closes a connection whose greeting it cannot read, and then complains only that it is closed."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        try:
            return await super().send(conn)
        except aiohttp.ClientConnectionResetError:
            if conn.protocol is not None and isinstance(conn.protocol.exception(), HttpProcessingError):
                raise Unasked from None
            raise
