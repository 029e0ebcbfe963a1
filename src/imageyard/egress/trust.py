"""Whom to believe in TLS: one context per set of options, made once and off the event loop.

A context costs milliseconds (the system's roots as one file some 40), and aiohttp keys its pool by the context, so a
connection made under one set of options is never used under another.
"""

import asyncio
import re
import ssl
from collections import OrderedDict
from contextvars import ContextVar
from pathlib import Path
from typing import Final

import structlog

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, TLSOptions

_CONTEXTS: Final = 256
_SKIP_VERIFY: Final = TLSOptions(skip_verify=True)
_HASHED: Final = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_BUNDLES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/ssl/cert.pem",  # macOS
)

log = structlog.get_logger(__name__)


_REST_OF_STATUS_LINE: Final = re.compile(rb"1\.[01] [0-9]{3}")


class Handshake:
    """What is known of TLS within one exchange. aiohttp reports a timeout of TCP and one of TLS alike, and OpenSSL any
    bytes that are no TLS alike."""

    __slots__ = ("_incoming",)

    def __init__(self) -> None:
        self._incoming: ssl.MemoryBIO | None = None

    def begin(self, incoming: ssl.MemoryBIO) -> None:
        self._incoming = incoming

    @property
    def began(self) -> bool:
        return self._incoming is not None

    def answered_in_http(self) -> bool:
        """Whether the bytes that ended the handshake are an HTTP answer. OpenSSL has taken the five of a record's head
        (`HTTP/`) and left the others."""
        return self._incoming is not None and _REST_OF_STATUS_LINE.match(self._incoming.read()) is not None


handshake: ContextVar[Handshake] = ContextVar("handshake")


class _Context(ssl.SSLContext):
    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        handshake.get().begin(incoming)
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


class Trust:
    """Contexts by options. `roots` (PEM) is added to the system's for every server.
    Raises ValueError when `roots` holds no certificate or a broken one."""

    def __init__(self, roots: str = "") -> None:
        self._roots = roots
        self._system = _system_roots()
        self._contexts: OrderedDict[TLSOptions, ssl.SSLContext] = OrderedDict()
        self._making = asyncio.Lock()
        if roots:
            try:
                _add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), roots)
            except ssl.SSLError:
                raise ValueError("the registry CA file holds no readable certificate") from None
        if not any(self._system):
            log.warning("system_roots_missing", hint="only --registry-ca and spec.caBundle are trusted")

    async def context(self, options: TLSOptions) -> ssl.SSLContext:
        """The context for `options`. Raises EgressError (TLSInvalid) when its bundle holds no certificate."""
        if options.skip_verify:
            options = _SKIP_VERIFY
        if (made := self._contexts.get(options)) is not None:
            self._contexts.move_to_end(options)
            return made
        async with self._making:
            if options not in self._contexts:
                self._contexts[options] = await self._make(options)
            if len(self._contexts) > _CONTEXTS:
                self._contexts.popitem(last=False)
            return self._contexts[options]

    async def _make(self, options: TLSOptions) -> ssl.SSLContext:
        try:
            return await asyncio.to_thread(self._build, options)
        except ssl.SSLError:
            raise EgressError(Reason.TLSInvalid, "tls") from None

    def _build(self, options: TLSOptions) -> ssl.SSLContext:
        context = _Context(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if options.skip_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        # A bundle may hold the issuing CA alone, or the server's own certificate.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        cafile, capath = self._system
        if cafile or capath:
            context.load_verify_locations(cafile, capath)
        for pem in (self._roots, options.ca_bundle):
            if pem:
                _add(context, pem)
        return context


def _add(context: ssl.SSLContext, pem: str) -> None:
    # People write comments between certificates, in their language; OpenSSL reads ASCII only.
    context.load_verify_locations(cadata=pem.encode("ascii", "ignore").decode("ascii") or "\n")


def _system_roots() -> tuple[str | None, str | None]:
    """The file or directory of the system's roots. Not `load_default_certs`: that obeys SSL_CERT_FILE, an ambient
    setting. A hashed directory is read as needed, so that it costs nothing."""
    built_in = ssl.get_default_verify_paths()
    directory = Path(built_in.openssl_capath)
    if directory.is_dir() and any(_HASHED.fullmatch(entry.name) for entry in directory.iterdir()):
        return None, str(directory)
    files = (built_in.openssl_cafile, *_BUNDLES)
    return next((path for path in files if Path(path).is_file()), None), None
