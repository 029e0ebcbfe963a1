"""What the claims of an OIDC token make of its bearer. The signature was checked before; time is passed in.

Sources: OpenID Connect Core 1.0 section 3.1.3.7 (validation), RFC 7519 section 4.1 (registered claims), and Kubernetes'
OIDC authenticator (prefixes, email, `system:`).
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#openid-connect-tokens
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from imageyard.domain import names

LEEWAY: Final = 30.0
"""Seconds that the issuer's clock and ours may differ."""
LONGEST: Final = 256
"""Characters of a user or group; who is longer is nobody."""
MOST_GROUPS: Final = 1_000
RESERVED: Final = "system:"
"""Users and groups that begin so are this server's own to give, whatever an issuer says and however it is prefixed."""
EMAIL: Final = "email"
NO_PREFIX: Final = "-"


class Refusal(StrEnum):
    """Why an issuer's token is nobody's. For the log and the metric; the caller is told the same of all."""

    MALFORMED = "malformed"
    """No JWS of three parts whose header and claims are JSON objects."""
    ALGORITHM = "algorithm"
    """Signed by none of the algorithms that are allowed."""
    KEY = "key"
    """Signed by a key that the issuer does not show."""
    NO_KEYS = "no_keys"
    """The issuer was not reached yet, or too long ago."""
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    """Not valid before, or issued at, a later moment than now."""
    SUBJECT = "subject"
    """There is no `sub`."""
    USERNAME = "username"
    """The claim is missing, empty, reserved, or an email that nobody verified."""
    GROUPS = "groups"
    """The claim is neither a text nor a list of texts."""


class Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator says about tokens of one issuer. Prefixes are as they are put before a name."""

    issuer: str
    audiences: frozenset[str]
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = "groups"
    groups_prefix: str = ""


class Bearer(NamedTuple):
    user: str
    groups: frozenset[str]
    """Without system:authenticated."""
    until: float
    """Seconds of the epoch from which on the token is refused."""
    id: str
    """The token's `jti`, "" without one that is fit to be shown."""


def username_prefix(setting: str, issuer: str, claim: str) -> str:
    """As Kubernetes reads its flag: "" is `<issuer>#`, and nothing for an email; "-" is nothing."""
    if setting:
        return "" if setting == NO_PREFIX else setting
    return "" if claim == EMAIL else f"{issuer}#"


def demand_issuer(claims: Mapping[str, object], rules: Rules) -> None:
    """Raises Refused for a token of somebody else."""
    if claims.get("iss") != rules.issuer:
        raise Refused(Refusal.ISSUER)


def bearer(claims: Mapping[str, object], rules: Rules, now: float) -> Bearer:
    """`now` in seconds of the epoch. Raises Refused."""
    demand_issuer(claims, rules)
    if not rules.audiences.intersection(_texts(claims.get("aud"), Refusal.AUDIENCE)):
        raise Refused(Refusal.AUDIENCE)
    until = _lifetime(claims, now)
    if not _is_name(claims.get("sub")):
        raise Refused(Refusal.SUBJECT)
    return Bearer(_user(claims, rules), _groups(claims, rules), until, _id(claims.get("jti")))


def _lifetime(claims: Mapping[str, object], now: float) -> float:
    """When it ends, leeway included. `exp` is required; `nbf` and `iat` are judged where they are given."""
    expires = _moment(claims.get("exp"), Refusal.EXPIRED)
    if now >= expires + LEEWAY:
        raise Refused(Refusal.EXPIRED)
    for name in ("nbf", "iat"):
        if name in claims and _moment(claims[name], Refusal.NOT_YET) > now + LEEWAY:
            raise Refused(Refusal.NOT_YET)
    return expires + LEEWAY


def _moment(value: object, refusal: Refusal) -> float:
    """A NumericDate; true and false are numbers to Python only."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(refusal)
    try:
        seconds = float(value)
    except OverflowError:
        raise Refused(refusal) from None
    if not math.isfinite(seconds):
        raise Refused(refusal)
    return seconds


def _user(claims: Mapping[str, object], rules: Rules) -> str:
    name = claims.get(rules.username_claim)
    # Stricter than Kubernetes, which takes an email of which nothing is said: whoever may type any address into a
    # profile would be its owner.
    unverified = rules.username_claim == EMAIL and claims.get("email_verified") is not True
    if not isinstance(name, str) or not name or unverified:
        raise Refused(Refusal.USERNAME)
    user = f"{rules.username_prefix}{name}"
    if not _is_name(user) or user.startswith(RESERVED):
        raise Refused(Refusal.USERNAME)
    return user


def _groups(claims: Mapping[str, object], rules: Rules) -> frozenset[str]:
    """Reserved groups, and those whose name is none, are left out: fewer rights, never more."""
    named = _texts(claims.get(rules.groups_claim, []), Refusal.GROUPS)
    if len(named) > MOST_GROUPS:
        raise Refused(Refusal.GROUPS)
    groups = (f"{rules.groups_prefix}{name}" for name in named if name)
    return frozenset(group for group in groups if _is_name(group) and not group.startswith(RESERVED))


def _texts(value: object, refusal: Refusal) -> list[str]:
    """One text or a list of them."""
    values = value if isinstance(value, list) else [value]
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) != len(values):
        raise Refused(refusal)
    return texts


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST and not names.has_control(value) and _encodes(value)


def _encodes(value: str) -> bool:
    """Whether it is text: JSON may spell halves of characters, which no answer and no log line can hold."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _id(value: object) -> str:
    return value[:LONGEST] if isinstance(value, str) and _is_name(value[:LONGEST]) else ""
