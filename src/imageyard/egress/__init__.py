"""The one gate for outbound bytes: it resolves, judges every address, and dials exactly the judged one.

It follows no redirect, reads no ambient proxy, netrc or CA setting, and keeps byte and time limits.
Who may receive a credential is the registry client's rule; where bytes may go at all is this package's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from imageyard.domain.reasons import Reason


class TLSOptions(NamedTuple):
    """How to trust a server. `ca_bundle` (PEM) is added to the system roots and to the operator's."""

    ca_bundle: str = ""
    skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One exchange. `url` is absolute http(s); `limit` caps the bytes of the body that are read. A longer body is
    refused (ResponseTooLarge), or left off there with `cut`; that of an error always is, 64 KiB at most."""

    method: Literal["GET", "HEAD", "POST"]
    url: str
    headers: Mapping[str, str] | tuple[tuple[str, str], ...] = field(default=(), repr=False)
    body: bytes | None = field(default=None, repr=False)
    limit: int = 65_536
    cut: bool = False
    tls: TLSOptions = field(default_factory=TLSOptions)
    timeout: float = 30.0
    """Seconds for the whole exchange; connect (5 s) and first byte (10 s) are bounded within it."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. `headers` are (lower-case name, value) pairs in order, repeats kept."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str:
        """The first header of that lower-case name, "" when absent."""
        return next((value for key, value in self.headers if key == name), "")


class EgressError(Exception):
    """An exchange that gave no answer. `reason` is one of DNSFailed, EgressDenied, ConnectionRefused, Timeout,
    TLSInvalid, ResponseTooLarge, NotARegistry (bytes that are no HTTP, or a Content-Encoding).
    `hint` adds a machine-readable fact: "plain_http" when TLS was expected and the server spoke HTTP,
    "no_tls" when it spoke neither,
    "expired", "not_yet_valid", "self_signed", "unknown_issuer", "host_mismatch"; "closed" when a connection that stood
    was ended without an answer; of the operator's proxy "proxy_unreachable", "proxy_login" (407), "proxy_refused" and
    "proxy_gateway" (it reaches nobody there); "" otherwise. It never holds an address or a body."""

    def __init__(self, reason: Reason, step: Literal["address", "tls", "registry"], hint: str = "") -> None:
        super().__init__(f"{reason} at {step}" + (f" ({hint})" if hint else ""))
        self.reason = reason
        self.step = step
        self.hint = hint


class Gate(Protocol):
    """The gate as the registry client needs it."""

    async def send(self, request: Request) -> Response:
        """Carry out one exchange. Raises EgressError."""
