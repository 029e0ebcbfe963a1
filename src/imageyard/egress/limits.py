"""How long and how much one exchange may take."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes. The body's cap comes with each request."""

    connect: float = 5.0
    """To resolve the name; then again to connect, TLS included, over all addresses of the name."""

    first_byte: float = 10.0
    """Silence before the answer begins, and within it."""

    total: float = 30.0
    """The whole exchange: slow drips are within every other limit. A request may ask for less, never for more."""

    header_line: int = 16_384
    """One header line: signed blob redirects reach 4 kB."""

    headers: int = 128
    """Header lines."""


PRODUCT: Final = Limits()

ERROR_BODY: Final = 65_536
"""Bytes of an answer that is no success; the rest is left off, since the status tells enough."""
