"""The two listeners, HTTPS and plain HTTP, as two uvicorn servers in one loop."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple

import uvicorn
from starlette.types import ASGIApp

from imageyard.app import patience
from imageyard.app.handshakes import Handshakes
from imageyard.domain.text import Language

GRACE: Final = 10
"""Seconds that requests in flight have to finish after SIGTERM."""
_HALF_ASKED: Final = GRACE - 1
"""Seconds after SIGTERM until a request that is not all there is given up: uvicorn would call it an error of ours."""
_BACKLOG: Final = 2048


class Bound(NamedTuple):
    """Sockets that are bound but not yet served, so ports are known before anything is announced."""

    http: socket.socket | None
    https: socket.socket

    def close(self) -> None:
        for sock in self:
            if sock is not None:
                sock.close()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback by its own look: no name is resolved, none but `localhost` counts."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def bind(host: str, port: int, tls_port: int, *, plain: bool) -> Bound:
    """Bind both listeners. Raises OSError naming the address and the flag to change."""
    https = _bind(host, tls_port, "--tls-port")
    try:
        return Bound(_bind(host, port, "--port") if plain else None, https)
    except OSError:
        https.close()
        raise


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


@asynccontextmanager
async def serving(
    app: ASGIApp, bound: Bound, certificate: Path, key: Path, client_ca: Path | None = None, language: Language = "zh"
) -> AsyncIterator[None]:
    """Serve until the block ends, then let requests in flight finish (GRACE seconds). With a `client_ca` (PEM) TLS
    clients are asked for a certificate of it, and may have none. What is no request is told so in `language` where it
    does not prefer another."""
    protocol = patience.speaking(language)
    handshakes = Handshakes(context(certificate, key, client_ca), patience.most_connections(), protocol)
    servers = [_Server(_config(app, handshakes))]
    sockets = [bound.https]
    if bound.http is not None:
        servers.append(_Server(_config(app, protocol)))
        sockets.append(bound.http)
    async with asyncio.TaskGroup() as tasks:
        for server, sock in zip(servers, sockets, strict=True):
            tasks.create_task(server.serve(sockets=[sock]), name=f"listener-{port_of(sock)}")
        try:
            for server in servers:
                await server.up.wait()
            yield
        finally:
            for server in servers:
                server.should_exit = True
            handshakes.close()


class _Server(uvicorn.Server):
    """Signals belong to the composition root, not to a listener; `up` tells when connections are taken."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def on_tick(self, counter: int) -> bool:
        patience.hurry(self.server_state, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        late = asyncio.get_running_loop().call_later(_HALF_ASKED, patience.give_up_half_asked, self.server_state)
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


def context(certificate: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if client_ca is not None:
        # OpenSSL refuses one that was signed for another purpose (a server's), by another CA, or for another time.
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(client_ca)
    return context


def _config(app: ASGIApp, protocol: Any) -> uvicorn.Config:
    """`protocol` is what uvicorn calls for each connection; it takes any factory where it declares a class."""
    return uvicorn.Config(
        app,
        loop="none",
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )


def _bind(host: str, port: int, flag: str) -> socket.socket:
    for family, kind, proto, _, address in _addresses(host, port):
        sock = socket.socket(family, kind, proto)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(address)
        except OSError as error:
            sock.close()
            flag = "--host" if error.errno == errno.EADDRNOTAVAIL else flag
            raise OSError(
                error.errno, f"cannot listen on {host}:{port} ({error.strerror}); choose with {flag}"
            ) from None
        return sock
    raise OSError(f"cannot listen on {host!r}: the address is not known; choose with --host")


def _addresses(host: str, port: int) -> Iterator[tuple[Any, ...]]:
    try:
        yield from socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        return
