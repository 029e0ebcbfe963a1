"""Where a request goes, read from its URL once: what is judged and what is dialled come from the same parse."""

import ipaddress
import re
from functools import lru_cache
from typing import Final, NamedTuple

from yarl import URL

from imageyard.egress.listeners import IPAddress

# Stricter than RFC 3986 on purpose: no userinfo, no percent-encoded or non-ASCII host, no zone, no backslash before
# the path. Parsers disagree about these, and disagreement is how a checked host becomes another dialled one.
_URL: Final = re.compile(r"((?i:https?)://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?)(?:[/?#][!-~]*)?")
_NUMERIC_LABEL: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")


class Origin(NamedTuple):
    """`address` is set when the host is a literal, which no resolver ever sees."""

    secure: bool
    host: str
    port: int
    address: IPAddress | None


def parse(text: str) -> tuple[URL, Origin]:
    """Read an absolute http(s) URL. It is sent as written: a signed URL must not be normalised.
    Raises ValueError for anything else."""
    match = _URL.fullmatch(text)
    if match is None:
        raise ValueError("not an absolute http(s) URL of a plain host")
    return URL(text, encoded=True), _origin(match[1])


@lru_cache(maxsize=1024)
def _origin(text: str) -> Origin:
    url = URL(text, encoded=True)
    host, port = url.raw_host, url.port
    if host is None or port is None:
        raise ValueError("no host")
    return Origin(url.scheme == "https", host.lower(), port, _literal(host.lower()))


def _literal(host: str) -> IPAddress | None:
    """The address that `host` spells, None for a name. A host that ends in a number is no name (WHATWG URL, host
    parsing): `2130706433`, `0177.0.0.1`, `0x7f.1` raise ValueError, although getaddrinfo would read them."""
    if ":" in host:
        return ipaddress.IPv6Address(host)
    last = host.removesuffix(".").rpartition(".")[2]
    return ipaddress.IPv4Address(host) if _NUMERIC_LABEL.fullmatch(last) else None
