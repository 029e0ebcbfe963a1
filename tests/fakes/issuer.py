"""An OIDC issuer that speaks the real protocol (Discovery 1.0, RFC 7515, RFC 7517), in memory or behind a socket.

issuer = Issuer("https://id.example.com", clock.now)
token = issuer.token(sub="alice", groups=["dev"])
gate = issuer                                   # a Gate that reaches nothing but this issuer
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import Response as Answer
from starlette.routing import Route

from imageyard.domain.reasons import Reason
from imageyard.egress import EgressError, Request, Response
from tests.fakes.asgi import Client

AUDIENCE: Final = "imageyard"
LIFETIME: Final = 300
_CURVES: Final[Mapping[str, Literal["P-256", "P-384", "P-521"]]] = {
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
}


class Issuer:
    """`keys` are shown, by id; a test rotates them by `rotate` and `forget`. `down` makes it unreachable; `discovery`
    and `jwks` stand for documents that are not as they should be."""

    def __init__(self, url: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.url = url
        self._now = now
        self._made = 0
        self.keys: dict[str, Key] = {}
        self.algorithms: dict[str, str] = {}
        self.current = self.rotate()
        self.down: EgressError | None = None
        self.status = 200
        self.discovery: bytes | None = None
        self.jwks: bytes | None = None
        self.asked: list[str] = []
        """Paths, in order."""

    def rotate(self, algorithm: str = "ES256") -> str:
        """Sign by a new key from now on, and show it beside the others; answers its id."""
        self._made += 1
        self.current = f"key-{self._made}"
        self.keys[self.current], self.algorithms[self.current] = new_key(algorithm), algorithm
        return self.current

    def forget(self, key_id: str) -> None:
        del self.keys[key_id]

    def claims(self, **more: object) -> dict[str, object]:
        """Those of a good token; None takes one away."""
        now = int(self._now().timestamp())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + LIFETIME}
        return {name: value for name, value in {**good, **more}.items() if value is not None}

    def token(self, *, header: Mapping[str, object] | None = None, **claims: object) -> str:
        return self.sign(json.dumps(self.claims(**claims)).encode(), header)

    def sign(self, payload: bytes, header: Mapping[str, object] | None = None, key: Key | bytes | None = None) -> str:
        """Any bytes, by the current key or another, under a header that may say anything. Bytes are a secret that is
        shared (HS256)."""
        written = {"alg": self.algorithms[self.current], "kid": self.current, "typ": "JWT", **(header or {})}
        head = json.dumps({name: value for name, value in written.items() if value is not None}).encode()
        text = f"{part(head)}.{part(payload)}"
        if isinstance(key, bytes):
            return f"{text}.{part(hmac.digest(key, text.encode(), 'sha256'))}"
        algorithm = jws.JWSRegistry.algorithms[str(written["alg"])]
        return f"{text}.{part(algorithm.sign(text.encode(), key or self.keys[self.current]))}"

    def public(self, key_id: str) -> dict[str, Any]:
        """A key as it is shown."""
        shown = dict(self.keys[key_id].as_dict(private=False))
        return {**shown, "kid": key_id, "use": "sig", "alg": self.algorithms[key_id]}

    def key_set(self) -> bytes:
        return json.dumps({"keys": [self.public(key_id) for key_id in self.keys]}).encode()

    def app(self) -> Starlette:
        """Both documents over HTTP."""
        document = {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
        }

        async def discovery(_: Asked) -> Answer:
            return self._answer(json.dumps(document).encode() if self.discovery is None else self.discovery)

        async def keys(_: Asked) -> Answer:
            return self._answer(self.key_set() if self.jwks is None else self.jwks)

        base = urlsplit(self.url).path.rstrip("/")
        return Starlette(
            routes=[Route(f"{base}/.well-known/openid-configuration", discovery), Route(f"{base}/keys", keys)]
        )

    def _answer(self, body: bytes) -> Answer:
        return Answer(body, self.status, {"location": "/elsewhere"} if 300 <= self.status < 400 else None)

    async def send(self, request: Request) -> Response:
        """`Gate`: nobody but this issuer is there."""
        self.asked.append(urlsplit(request.url).path)
        if self.down is not None:
            raise self.down
        if not request.url.startswith(f"{self.url}/"):
            raise EgressError(Reason.EgressDenied, "address")
        answer = await Client(self.app()).get(urlsplit(request.url).path, headers=dict(request.headers))
        if len(answer.body) > request.limit:
            raise EgressError(Reason.ResponseTooLarge, "registry")
        return Response(request.url, answer.status, tuple(answer.headers.items()), answer.body)


def new_key(algorithm: str) -> Key:
    if algorithm in _CURVES:
        return ECKey.generate_key(_CURVES[algorithm])
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(2048)


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
