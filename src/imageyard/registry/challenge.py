"""What a 401 asks for: the WWW-Authenticate grammar of RFC 9110 (section 11.6.1), pure.

One header may hold several challenges and a challenge several parameters, both parted by commas: a token followed
by "=" goes on with the challenge, a token followed by a space or by nothing begins a new one.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

MAX_HEADER: Final = 8192
"""Characters of one header value; a longer one is taken as malformed."""
MAX_CHALLENGES: Final = 16

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_SEPARATORS = re.compile(r"[ \t,]*")
_SPACE = re.compile(r"[ \t]+")
_NAME = re.compile(r"([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|$))")
_QUOTED = re.compile(r'"((?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\t -~])*)"')
# RFC 9110 allows a bare token only; some servers leave quotes off URLs too, which is unambiguous up to the comma.
_BARE = re.compile(r'[^\s",\x00-\x1f\x7f]+')
_ESCAPE = re.compile(r"\\(.)")


class MalformedChallenge(ValueError):
    """A header that is no list of challenges."""


class Challenge(NamedTuple):
    """One challenge. `scheme` and parameter names are lower-case."""

    scheme: str
    params: Mapping[str, str]


def parse(header: str) -> list[Challenge]:
    """Read one header value. Raises MalformedChallenge (unclosed quote, repeated parameter, too long)."""
    if len(header) > MAX_HEADER:
        raise MalformedChallenge("too long")
    found: list[Challenge] = []
    position = _skip(header, 0)
    while position < len(header):
        if len(found) == MAX_CHALLENGES:
            raise MalformedChallenge("too many challenges")
        challenge, position = _one(header, position)
        found.append(challenge)
    return found


def choose(headers: Iterable[str]) -> Challenge | None:
    """The challenge to answer: Bearer before Basic, others ignored. None when there is none that we speak.
    A malformed line, or a Bearer without a realm, does not spoil the others."""
    usable: list[Challenge] = []
    for header in headers:
        try:
            usable += [
                c for c in parse(header) if c.scheme == "basic" or (c.scheme == "bearer" and c.params.get("realm"))
            ]
        except MalformedChallenge:
            continue
    return next((c for c in usable if c.scheme == "bearer"), next(iter(usable), None))


def _one(header: str, position: int) -> tuple[Challenge, int]:
    scheme = _TOKEN.match(header, position)
    if scheme is None:
        raise MalformedChallenge("a scheme is expected")
    position = scheme.end()
    if position < len(header) and header[position] not in " \t,":
        raise MalformedChallenge("a scheme ends with a space")
    params: dict[str, str] = {}
    space = _SPACE.match(header, position)
    if space is not None:
        token68 = _TOKEN68.match(header, space.end())
        if token68 is not None:
            return Challenge(scheme[0].lower(), params), _skip(header, token68.end())
    position = _skip(header, position)
    while (name := _NAME.match(header, position)) is not None:
        value, position = _value(header, name.end())
        if name[1].lower() in params:
            raise MalformedChallenge("a parameter is given twice")
        params[name[1].lower()] = value
        position = _skip(header, position)
    return Challenge(scheme[0].lower(), params), position


def _value(header: str, position: int) -> tuple[str, int]:
    quoted = _QUOTED.match(header, position)
    if quoted is not None:
        value, end = _ESCAPE.sub(r"\1", quoted[1]), quoted.end()
    else:
        bare = _BARE.match(header, position)
        if bare is None:
            raise MalformedChallenge("a value is expected")
        value, end = bare[0], bare.end()
    if end < len(header) and header[end] not in " \t,":
        raise MalformedChallenge("a value ends with a comma")
    return value, end


def _skip(header: str, position: int) -> int:
    found = _SEPARATORS.match(header, position)
    return found.end() if found else position
