"""One ASGI application on one loopback port of the running loop, for as long as a block lasts."""

import asyncio
import contextlib
import logging
import socket
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        config = _config(self._app, self._certificate)
        config.load()
        sock = socket.create_server((self._host, self._port))
        self._port = sock.getsockname()[1]
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]), name=f"sample-{self._port}")
        await self._server.up.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None  # noqa: S101 - entered before it is left
        assert self._task is not None  # noqa: S101
        self._server.hang_up()
        await self._task

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


class _Server(uvicorn.Server):
    """Without signal handlers; `up` tells when connections are taken."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()

    def hang_up(self) -> None:
        self.should_exit = True
        for connection in list(self.server_state.connections):
            cast(HttpToolsProtocol, connection).transport.abort()


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
