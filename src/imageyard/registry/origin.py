"""Origins and URLs, in one strict grammar: what is judged here is byte for byte what is sent.

Every URL that arrives (realm, Location) passes `parse`; anything that two parsers could read differently (userinfo,
backslashes, control characters, non-ASCII, percent signs in hosts) is refused rather than mended.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import urljoin

from imageyard.domain import reference
from imageyard.registry import Source

HUB: Final = "registry-1.docker.io"
"""Where Docker Hub's registry answers, whichever of its names is written."""
PORTS: Final = {"https": 443, "http": 80}
MAX_URL: Final = 8192

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[a-z0-9_](?:[a-z0-9_.-]{0,252})|\[[0-9a-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<target>(?:/[^?#]*)?(?:\?[^#]*)?)",
    re.IGNORECASE,
)
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class BadURL(ValueError):
    """No absolute http(s) URL, or one that could be read in two ways."""


class Origin(NamedTuple):
    """Scheme, host and port: who is spoken to. Host in lower case, IPv6 in brackets, port always there."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """`host`, or `host:port` where the port is not the scheme's own."""
        return self.host if PORTS[self.scheme] == self.port else f"{self.host}:{self.port}"


class URL(NamedTuple):
    """An origin and what is asked of it: path and query."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


def of(source: Source) -> Origin:
    """The origin of a source. Docker Hub's names are one. Raises InvalidReference."""
    return _of(source.domain, source.insecure)


@lru_cache(maxsize=4096)
def _of(text: str, insecure: bool) -> Origin:
    domain = reference.parse_domain(text)
    if reference.is_docker_hub(domain):
        return Origin("https", HUB, 443)
    scheme = "http" if insecure else "https"
    return Origin(scheme, domain.host, domain.port or PORTS[scheme])


def parse(text: str) -> URL:
    """Read an absolute URL; the fragment must be absent. Raises BadURL."""
    if len(text) > MAX_URL or not _VISIBLE.fullmatch(text) or "\\" in text:
        raise BadURL("characters that do not belong into a URL")
    found = _URL.fullmatch(text)
    if found is None:
        raise BadURL("no absolute http(s) URL without userinfo and fragment")
    scheme, host, target = found["scheme"].lower(), found["host"].lower(), found["target"]
    port = int(found["port"]) if found["port"] else PORTS[scheme]
    if not 0 < port < 65536:
        raise BadURL("no such port")
    return URL(Origin(scheme, host, port), target if target.startswith("/") else f"/{target}")


def resolve(base: URL, location: str) -> URL:
    """Resolve a Location against the URL that answered with it. Raises BadURL."""
    if len(location) > MAX_URL or not _VISIBLE.fullmatch(location) or "\\" in location:
        raise BadURL("characters that do not belong into a URL")
    try:
        return parse(urljoin(str(base), location).partition("#")[0])
    except ValueError as error:
        raise BadURL(str(error)) from None
