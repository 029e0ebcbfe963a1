"""Tokens, keys and the audit trail by HTTP, for who may use these non-resource URLs (system:masters).

`GET|POST /admin/v1/tokens`, `DELETE /admin/v1/tokens/{name}`; `POST /admin/v1/certificates`; `GET /admin/v1/keys`,
`DELETE /admin/v1/keys/{id}`, `POST /admin/v1/keys/rotate`, `POST /admin/v1/keys/prune`; `GET /admin/v1/audit`.
"""

from datetime import timedelta
from typing import Final, TypeVar

import msgspec
import structlog
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from imageyard.domain import document
from imageyard.domain.access import Actor
from imageyard.domain.errors import BadRequest, Invalid
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.text import Text
from imageyard.service.audit import Audit
from imageyard.service.certificates import ClientCertificates
from imageyard.service.rights import Rights
from imageyard.service.sealkeys import SealKeys
from imageyard.service.tokens import Tokens, describe
from imageyard.web import body, errors, exchange, reply
from imageyard.web.admin import trail
from imageyard.web.exchange import Exchange
from imageyard.web.reply import Reply

TOKENS: Final = "/admin/v1/tokens"
SESSIONS: Final = b"sessions=true"
"""The query of a list that is to show sessions too."""
CERTIFICATES: Final = "/admin/v1/certificates"
KEYS: Final = "/admin/v1/keys"
ROTATE: Final = "/admin/v1/keys/rotate"
PRUNE: Final = "/admin/v1/keys/prune"
AUDIT: Final = "/admin/v1/audit"
RESOURCES: Final = {
    CERTIFICATES: "certificates",
    ROTATE: "keys/rotate",
    PRUNE: "keys/prune",
    KEYS: "keys",
    AUDIT: "audit",
}
"""What the audit calls the paths that belong to no kind."""
VERBS: Final = {"GET": "get", "HEAD": "get", "POST": "create", "DELETE": "delete"}

_FOREVER: Final = timedelta.max // timedelta(seconds=1)

log = structlog.get_logger()


class TokenRequest(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Body of POST /admin/v1/tokens."""

    name: str
    user: str
    groups: list[str] = []
    ttl_seconds: int | None = None


class CertificateRequest(TokenRequest, kw_only=True):
    """Body of POST /admin/v1/certificates; `request` is a certificate signing request (PEM)."""

    request: str


Wanted = TypeVar("Wanted", bound=Struct)


class AdminDoor:
    def __init__(
        self, rights: Rights, tokens: Tokens, keys: SealKeys, audit: Audit, certificates: ClientCertificates | None
    ) -> None:
        self._audit = audit
        self._certificates = certificates
        self._rights = rights
        self._tokens = tokens
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = exchange.of(scope)
        verb = VERBS.get(asked.method)
        if verb is None:
            raise errors.MethodNotAllowed(asked.method, ("GET", "POST", "DELETE"))
        asked.resource, asked.verb = "admin", verb
        self._rights.demand_path(asked.actor, verb, asked.path)
        await reply.send(await self._answer(asked), asked, send)

    async def _answer(self, asked: Exchange) -> Reply:
        collection, _, name = asked.path.rpartition("/")
        match "GET" if asked.method == "HEAD" else asked.method, asked.path:
            case "GET", path if path == TOKENS:
                held = await self._tokens.list(sessions=asked.query == SESSIONS)
                return reply.json({"items": [describe(token) for token in held]})
            case "GET", path if path == AUDIT:
                return await trail.page(self._audit, asked)
            case "POST", path if path == TOKENS:
                return await self._create(asked)
            case "POST", path if path == CERTIFICATES:
                return await self._certify(asked)
            case "POST", path if path == ROTATE:
                done = await self._keys.rotate()
                asked.name, damaged = done.key, len(done.damaged)
                log.info("keys_rotated", user=asked.actor.user, key_id=done.key, sealed=done.sealed, damaged=damaged)
                return reply.json(done)
            case "GET", path if path == KEYS:
                return reply.json(await self._keys.uses())
            case "POST", path if path == PRUNE:
                return reply.json({"retired": await self._keys.prune()})
            case "DELETE", _ if collection == KEYS:
                await self._keys.retire(name)
                return reply.NO_CONTENT
            case "DELETE", _ if collection == TOKENS:
                await self._tokens.revoke(name)
                log.info("token_revoked", user=asked.actor.user, token_name=name)
                return reply.NO_CONTENT
            case _:
                raise errors.UnknownPath

    async def _create(self, asked: Exchange) -> Reply:
        wanted = await _read(asked, TokenRequest)
        token = await self._tokens.create(wanted.name, wanted.user, wanted.groups, _lifetime(wanted.ttl_seconds))
        asked.name = wanted.name
        log.info("token_created", user=asked.actor.user, token_name=wanted.name, bearer=wanted.user)
        return reply.json({"token": token.reveal(), "hasRights": self._may_anything(wanted)}, 201)

    async def _certify(self, asked: Exchange) -> Reply:
        if self._certificates is None:
            raise _off()
        wanted = await _read(asked, CertificateRequest)
        lifetime = _lifetime(wanted.ttl_seconds)
        pem = await self._certificates.issue(wanted.name, wanted.user, wanted.groups, lifetime, wanted.request)
        asked.name = wanted.name
        log.info("certificate_created", user=asked.actor.user, token_name=wanted.name, bearer=wanted.user)
        return reply.json({"certificate": pem, "hasRights": self._may_anything(wanted)}, 201)

    def _may_anything(self, wanted: TokenRequest) -> bool:
        return self._rights.any_beyond_basics(Actor(wanted.user, frozenset(wanted.groups)))


def _off() -> BadRequest:
    return BadRequest(
        Text(
            "未启用客户端证书：请将设置 client_certificates 设为 true 并重启服务",
            "client certificates count for nothing here: set client_certificates to true and start the server again",
        )
    )


async def _read(asked: Exchange, shape: type[Wanted]) -> Wanted:
    """Raises Invalid, BadRequest."""
    given = await body.document(asked)
    if bad := document.flaws(shape, given):
        raise Invalid(bad, kind=ACCESS_TOKEN.singular)
    return msgspec.convert(given, shape)


def _lifetime(seconds: int | None) -> timedelta | None:
    """None for a token that does not expire. What no timedelta holds is longer than any calendar, and refused there."""
    if seconds is None:
        return None
    return timedelta(seconds=seconds) if abs(seconds) < _FOREVER else timedelta.max
