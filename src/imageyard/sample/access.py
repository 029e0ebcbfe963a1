"""Who may do what at the registry: open to all, Basic, Bearer tokens, or both schemes side by side.

Sources: RFC 9110 (challenges), RFC 7617 (Basic), the Docker registry token documents. What `judge` answers is None
when the request may pass; otherwise it raises Refused with the challenge a real registry would send.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, NamedTuple, Protocol

from imageyard.domain.secret import Secret
from imageyard.sample.errors import Headers, Refused

Action = Literal["pull", "push"]
REALM: Final = "sample"


class Asked(NamedTuple):
    """What a request wants. `repository` is "" for `/v2/` itself; `origin` is the URL the registry was called by."""

    repository: str
    action: Action
    authorization: str
    origin: str


class Access(Protocol):
    def judge(self, asked: Asked) -> None:
        """Let the request pass, or raise Refused (401 with challenges, 403)."""


def matches(patterns: Iterable[str], repository: str) -> bool:
    return any(fnmatchcase(repository, pattern) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Account:
    """A password and the repositories it opens, as shell patterns."""

    password: Secret
    pull: tuple[str, ...] = ("*",)
    push: tuple[str, ...] = ("*",)

    def may(self, repository: str, action: Action) -> bool:
        return matches(self.pull if action == "pull" else self.push, repository)


Accounts = Mapping[str, Account]


class Open:
    """Everybody may do everything, and nobody looks at credentials."""

    def judge(self, asked: Asked) -> None:
        return


class Basic:
    """Name and password with every request."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def judge(self, asked: Asked) -> None:
        account = sign_in(self._accounts, asked.authorization)
        if account is None:
            raise unauthorized(self.challenge())
        if asked.repository and not account.may(asked.repository, asked.action):
            raise Refused(403, "DENIED", f"this account may not {asked.action} {asked.repository}")

    def challenge(self) -> str:
        return f'Basic realm="{REALM}"'


def sign_in(accounts: Accounts, authorization: str) -> Account | None:
    """The account that an Authorization header proves, compared in constant time."""
    user, password = decode_basic(authorization)
    account = accounts.get(user)
    expected = account.password.reveal() if account else ""
    right = hmac.compare_digest(password.encode(), expected.encode())
    return account if right else None


def decode_basic(authorization: str) -> tuple[str, str]:
    """User and password (RFC 7617, UTF-8); two empty strings for anything else."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


def unauthorized(*challenges: str, message: str = "authentication required") -> Refused:
    headers: Headers = tuple(("www-authenticate", challenge) for challenge in challenges)
    return Refused(401, "UNAUTHORIZED", message, headers)
