"""One request and what is known about it on its way through the door.

Made by the outermost middleware and carried in the ASGI scope, so that each layer reads the headers once.
"""

import re
from collections.abc import Callable
from random import getrandbits
from typing import Any, Final, TypeVar

from starlette.types import Receive, Scope

from imageyard.domain import peers
from imageyard.domain.access import ANONYMOUS, Actor
from imageyard.domain.audit import Part
from imageyard.domain.text import Language
from imageyard.web import language
from imageyard.web.hygiene import Headers
from imageyard.web.seat import Seat

T = TypeVar("T")

KEY: Final = "imageyard.exchange"
CERTIFICATE: Final = "imageyard.certificate"
"""Of the scope's extensions: the fingerprint of the peer's certificate, set by the listener alone."""
WHOLE: Final = "imageyard.whole"
"""Of the scope's extensions: `answer` is a Whole, of a server that can write an answer by one call."""
Whole = Callable[[int, tuple[Headers, ...], Headers, bytes], bool]
"""Answers with a status, the headers that many answers share, those of this one, and a body. False when it has to be
done by messages."""
_NOTHING: Final[dict[str, Any]] = {}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_PATH: Final = 1_000
"""Characters of a path that a log line shows; those of our own paths are fewer."""
_NOBODY: Final = Actor(ANONYMOUS, frozenset())
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


class Disconnected(Exception):
    """The client went away while its body was read; nobody is left to answer."""


class Exchange:
    """`headers` are lower-case bytes, of a repeated one the last. `actor` is set by authentication, `status` when the
    answer begins (0: it has not). `address` is where the connection comes from, "" on a socket that has none; `scheme`
    is what the client speaks, `http` or `https`; `certificate` is the hex SHA-256 of the certificate that the peer has
    shown in TLS, "" for none; `whole` answers by one call, None where that cannot be. `verb` and `resource` label
    metrics: set by the router from closed sets, never from the path's text. `namespace` and `name` are those of the
    object the path names, or that was made under a name the path does not tell, for the log.

    For the audit: `reason` is that of the failure that was answered, "" for none; `parts` are the objects that a
    request for many was about; `refused` is the code that stands for a refusal which a browser is spared (0: none);
    `told` holds further annotations, in our own words only."""

    __slots__ = (
        "_default",
        "actor",
        "address",
        "certificate",
        "headers",
        "method",
        "name",
        "namespace",
        "parts",
        "path",
        "query",
        "reason",
        "receive",
        "refused",
        "request_id",
        "resource",
        "scheme",
        "seat",
        "status",
        "told",
        "verb",
        "whole",
    )

    def __init__(self, scope: Scope, receive: Receive, default: Language) -> None:
        client = scope.get("client")
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.receive = receive
        self.address: str = _address(client[0]) if client else ""
        self.scheme: str = scope.get("scheme", "http")
        extensions = scope.get("extensions", _NOTHING)
        # Taken out: the scope and what answers it would hold each other, and each request would wait for the collector.
        self.whole: Whole | None = extensions.pop(WHOLE)["answer"] if WHOLE in extensions else None
        self.certificate: str = extensions[CERTIFICATE]["sha256"] if CERTIFICATE in extensions else ""
        self.request_id = _request_id(self.headers.get(b"x-request-id"))
        self.status = 0
        self.actor = _NOBODY
        self.seat: Seat | None = None
        self.verb = ""
        self.resource = ""
        self.namespace = ""
        self.name = ""
        self.reason = ""
        self.refused = 0
        self.parts: list[Part] = []
        self.told: dict[str, str] = {}
        self._default = default

    @property
    def language(self) -> Language:
        """What answers that are no objects are spoken in."""
        return language.choose(self.header(b"accept-language"), self._default)

    @property
    def shown_path(self) -> str:
        """The path as logs show it."""
        return self.path[:LONGEST_PATH]

    @property
    def marks(self) -> Headers:
        """What its answer has of its own, whatever else it is."""
        return ((b"x-request-id", self.request_id.encode("ascii")),)

    def header(self, name: bytes) -> str:
        """A header's value, "" when it is absent."""
        return self.headers.get(name, b"").decode("latin-1")

    async def at_length(self, work: Callable[[], T]) -> T:
        """Do what takes the loop's time for long elsewhere, in its turn. Raises TooManyRequests."""
        return work() if self.seat is None else await self.seat.at_length(work)


def _address(given: str) -> str:
    return peers.plain(given) if ":" in given else given


def of(scope: Scope) -> Exchange:
    found: Exchange = scope[KEY]
    return found


def _request_id(given: bytes | None) -> str:
    """The caller's own if it is one, for logs that span servers; a random one otherwise."""
    return given.decode("ascii") if given and _REQUEST_ID.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """Random: it has to be unique, not secret."""
    return f"{getrandbits(128):032x}"  # nosec B311 # unique, not secret
