"""Bearer tokens: the token service at `/token`, and the registry's side that checks what it issued.

Source: the Docker registry token specification (distribution docs, spec/auth/token). Tokens carry their own grants
under an HMAC key that lives as long as the registry, so there is no table to bound and a restart ends them all.
"""

import base64
import binascii
import hmac
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse

from imageyard.domain import objects
from imageyard.domain.clock import Clock
from imageyard.sample import access
from imageyard.sample.access import Account, Accounts, Action, Asked
from imageyard.sample.errors import Refused

SERVICE: Final = "sample-registry"
LIFETIME: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token opens. `account` is "" for an anonymous one."""

    account: str
    expires: float
    scopes: tuple[str, ...] = ()
    """`repository:<name>:<action>`, one action each."""

    def opens(self, repository: str, action: Action) -> bool:
        return f"repository:{repository}:{action}" in self.scopes


@dataclass(eq=False)
class Bearer:
    """Both sides of token sign-in. `public` are patterns of repositories anybody may pull.

    `harbor` brings Harbor's ways: a wrong password with a scope gets an anonymous token (200) instead of 401, an
    anonymous token does not open `/v2/`, and refused credentials are challenged with Basic from then on.
    """

    accounts: Accounts
    clock: Clock
    public: tuple[str, ...] = ()
    harbor: bool = False
    lifetime: timedelta = LIFETIME
    service: str = SERVICE
    realm: str = ""
    """URL of the token service where it is not `/token` on the registry's own origin."""
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def revoke(self) -> None:
        """End every token issued so far."""
        self._key = secrets.token_bytes(32)

    def judge(self, asked: Asked) -> None:
        scheme, _, token = asked.authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise self._refused(asked, error="")
        grant = self._read(token)
        if grant is None:
            raise self._refused(asked, error="invalid_token")
        if asked.repository and not grant.opens(asked.repository, asked.action):
            raise self._refused(asked, error="insufficient_scope")
        if self.harbor and not asked.repository and not grant.account:
            raise self._refused(asked, error="")

    def challenge(self, asked: Asked, error: str = "") -> str:
        parts = {"realm": self.realm or f"{asked.origin}/token", "service": self.service}
        if asked.repository:
            actions = "pull" if asked.action == "pull" else "pull,push"
            parts["scope"] = f"repository:{asked.repository}:{actions}"
        if error:
            parts["error"] = error
        return "Bearer " + ",".join(f'{name}="{value}"' for name, value in parts.items())

    def issue(self, user: str, account: Account | None, scopes: list[str]) -> tuple[str, datetime]:
        """A token for what is asked and allowed, and the moment it was made. Asking for more is no error."""
        now = self.clock.now()
        allowed = tuple(scope for scope in scopes if self._allows(account, scope))
        payload = json.dumps([user if account else "", (now + self.lifetime).timestamp(), allowed]).encode()
        return f"{_encode(payload)}.{_encode(self._sign(payload))}", now

    def answer(self, request: Request) -> JSONResponse:
        """`GET /token?service=…&scope=…&account=…`, with Basic credentials or without."""
        query = request.query_params
        if query.get("service", self.service) != self.service:
            raise Refused(400, "UNSUPPORTED", "unknown service")
        scopes = split_scopes(query.getlist("scope"))
        authorization = request.headers.get("authorization", "")
        account = access.sign_in(self.accounts, authorization)
        if account is None and not self._anonymous_answer(bool(authorization), bool(scopes)):
            raise access.unauthorized(f'Basic realm="{access.REALM}"', message="incorrect username or password")
        token, now = self.issue(access.decode_basic(authorization)[0], account, scopes)
        lifetime = int(self.lifetime.total_seconds())
        return JSONResponse({"token": token, "expires_in": lifetime, "issued_at": objects.rfc3339(now)})

    def _anonymous_answer(self, credentials: bool, scoped: bool) -> bool:
        """Whether somebody who has not signed in gets a token all the same."""
        if self.harbor:
            return scoped
        return bool(self.public) and not credentials

    def _allows(self, account: Account | None, scope: str) -> bool:
        kind, _, rest = scope.partition(":")
        repository, _, action = rest.rpartition(":")
        if kind != "repository" or action not in get_args(Action):
            return False
        if action == "pull" and access.matches(self.public, repository):
            return True
        return account is not None and account.may(repository, "pull" if action == "pull" else "push")

    def _read(self, token: str) -> Grant | None:
        payload, _, signature = token.partition(".")
        try:
            body = _decode(payload)
            genuine = hmac.compare_digest(_decode(signature), self._sign(body))
        except (binascii.Error, ValueError):
            return None
        if not genuine:
            return None
        fields: list[Any] = json.loads(body)
        grant = Grant(fields[0], fields[1], tuple(fields[2]))
        return grant if grant.expires > self.clock.now().timestamp() else None

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")

    def _refused(self, asked: Asked, error: str) -> Refused:
        if self.harbor and asked.authorization and error != "invalid_token":
            return access.unauthorized('Basic realm="harbor"')
        return access.unauthorized(self.challenge(asked, error))


@dataclass(frozen=True, slots=True)
class Either:
    """Both schemes on one host: `/v2/` offers both, repositories that match `basic` offer Basic, others Bearer.
    Either credential is taken everywhere."""

    by_token: Bearer
    by_password: access.Basic
    basic: tuple[str, ...]

    def judge(self, asked: Asked) -> None:
        scheme = asked.authorization.partition(" ")[0].lower()
        if scheme == "bearer":
            return self.by_token.judge(asked)
        if scheme == "basic":
            return self.by_password.judge(asked)
        raise access.unauthorized(*self._challenges(asked))

    def _challenges(self, asked: Asked) -> tuple[str, ...]:
        if not asked.repository:
            return self.by_token.challenge(asked), self.by_password.challenge()
        if access.matches(self.basic, asked.repository):
            return (self.by_password.challenge(),)
        return (self.by_token.challenge(asked),)


def split_scopes(values: list[str]) -> list[str]:
    """One entry per action. Scopes come repeated or space-separated; the name may hold a ':' (`host:5000/name`)."""
    scopes = []
    for scope in " ".join(values).split():
        name, _, actions = scope.rpartition(":")
        scopes += [f"{name}:{action}" for action in actions.split(",")]
    return scopes


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
