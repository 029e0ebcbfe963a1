"""One ASGI application on one loopback port of the running loop, for as long as a block lasts.

Uses uvicorn's HTTP protocol without its Server: that one takes signals over and polls, and a neighbour of the
product should do neither.
"""

import asyncio
import logging
import socket
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from imageyard.sample.faults import TRANSPORT

Certificate = tuple[Path, Path]
"""PEM files: certificate chain, private key."""


class Listener:
    """`async with Listener(app) as it: it.url`. Leaving the block drops what is under way: nothing is drained."""

    def __init__(
        self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, certificate: Certificate | None = None
    ) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._certificate = certificate
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        config = _config(self._app, self._certificate)
        config.load()
        connect = partial(_Protocol, config, self._state, {})
        sock = socket.create_server((self._host, self._port))
        self._port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connect, sock=sock, ssl=config.ssl)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None  # noqa: S101 - entered before it is left
        self._server.close()
        for connection in list(self._state.connections):
            cast(HttpToolsProtocol, connection).transport.abort()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port in use, once entered."""
        return self._port

    @property
    def address(self) -> str:
        """`127.0.0.1:5001`: what a source's `domain` says."""
        return f"{self._host}:{self._port}"

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://{self.address}"


class _Protocol(HttpToolsProtocol):
    """Shows the transport to the application, which may want to break the connection on purpose, and takes a
    stranger's bytes (a TLS handshake on the plain port) without a word: only errors are logged."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = logging.getLogger("imageyard.sample")
        self.logger.setLevel(logging.ERROR)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)["extensions"] = {TRANSPORT: self.transport}


def _config(app: ASGIApp, certificate: Certificate | None) -> uvicorn.Config:
    chain, key = certificate or (None, None)
    return uvicorn.Config(
        app,
        loop="none",
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        ssl_certfile=chain,
        ssl_keyfile=key,
    )
