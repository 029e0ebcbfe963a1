"""Interim answers (RFC 9110 section 15.2): none was asked for, so a few are passed over, and a server that sends
nothing else is no registry. aiohttp passes over any number of them without giving way to anybody else."""

import asyncio
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

MOST: Final = 8
"""Interim answers before a final one. 103 (early hints) may come more than once."""


class Connector(aiohttp.TCPConnector):
    """aiohttp's, with connections that do not queue interim answers."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory = partial(_made, loop=self._loop)


class _Answers(ResponseHandler):
    _passed = 0

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        if not 100 <= data[0].code < 200 or data[0].code == 101:
            self._passed = 0
            super().feed_data(data, size)
            return
        self._passed += 1
        if self._passed == MOST + 1:
            self.set_exception(HttpProcessingError(message="too many interim answers"))
            self.force_close()
            if self.transport is not None:
                self.transport.abort()


def _made(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    return _Answers(loop)
