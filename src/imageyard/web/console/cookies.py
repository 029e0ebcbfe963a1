"""Cookies as they come and go (RFC 6265)."""

import re
from datetime import timedelta
from typing import Final

_PAIR: Final = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,64})=\"?([!#-+\--:<-\[\]-~]{0,4096})\"?")
PREFIX: Final = "__Host-"
YEAR: Final = timedelta(days=365)


def read(header: str) -> dict[str, str]:
    """The cookies of a request; what is no cookie is passed over. Of one sent twice the first counts, as browsers
    send the more specific path first."""
    found: dict[str, str] = {}
    for part in header.split(";"):
        pair = _PAIR.fullmatch(part.strip())
        if pair:
            found.setdefault(pair[1], pair[2])
    return found


def write(
    name: str, value: str, age: timedelta, *, secure: bool, path: str = "/", hidden: bool = True
) -> tuple[bytes, bytes]:
    """A Set-Cookie header. `hidden` keeps it from scripts; an age of zero takes it away."""
    parts = [f"{name}={value}", f"Path={path}", f"Max-Age={int(age.total_seconds())}", "SameSite=Strict"]
    parts += ["HttpOnly"] if hidden else []
    parts += ["Secure"] if secure else []
    return (b"set-cookie", "; ".join(parts).encode("ascii"))
