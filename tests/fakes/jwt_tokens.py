"""A token service for Debian's docker-registry: signed JWTs as its `auth: token` wants them.

Source: distribution docs, spec/auth/jwt: ES256, the signer's certificate in `x5c`, `access` as a claim.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from imageyard.domain.clock import Clock
from imageyard.domain.secret import Secret
from imageyard.sample import access, tokens
from imageyard.sample.access import Account

ISSUER: Final = "imageyard-tests"
SERVICE: Final = "docker-registry"
LIFETIME: Final = 300


@dataclass(frozen=True, slots=True)
class Signer:
    """The certificate that the registry trusts (through its CA) and the key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def load(cls, certificate: Path, key: Path) -> "Signer":
        private = load_pem_private_key(key.read_bytes(), password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return cls(x509.load_pem_x509_certificate(certificate.read_bytes()), private)

    def sign(self, claims: Mapping[str, object]) -> str:
        chain = [base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()]
        signed = ".".join(
            _part(json.dumps(each).encode()) for each in ({"alg": "ES256", "typ": "JWT", "x5c": chain}, claims)
        )
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        return f"{signed}.{_part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def service(signer: Signer, accounts: Mapping[str, Secret], clock: Clock) -> Starlette:
    """`GET /token?service=…&scope=…` with Basic: 200 with what was asked for, 401 for anybody else."""
    known = {user: Account(password) for user, password in accounts.items()}

    async def token(request: Request) -> JSONResponse:
        authorization = request.headers.get("authorization", "")
        if access.sign_in(known, authorization) is None:
            return JSONResponse({"details": "incorrect username or password"}, status_code=401)
        user = access.decode_basic(authorization)[0]
        grants = [_grant(scope) for scope in tokens.split_scopes(request.query_params.getlist("scope"))]
        now = int(clock.now().timestamp())
        claims = {"iss": ISSUER, "sub": user, "aud": SERVICE, "iat": now, "nbf": now - 10, "exp": now + LIFETIME}
        signed = signer.sign({**claims, "jti": secrets.token_hex(8), "access": grants})
        return JSONResponse({"token": signed, "access_token": signed, "expires_in": LIFETIME})

    return Starlette(routes=[Route("/token", token)])


def _grant(scope: str) -> dict[str, object]:
    kind, _, rest = scope.partition(":")
    name, _, action = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": [action]}


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
