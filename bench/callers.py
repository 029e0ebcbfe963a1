"""What it takes to know who asks, in this process: a token of an issuer against an own one, and against the bare check
of a signature."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import RSAKey

from bench.figure import Figure
from bench.profile import Profile
from bench.world import Worlds
from imageyard.app.clock import SystemClock
from imageyard.domain.access import Actor
from imageyard.domain.claims import Rules
from imageyard.domain.kinds import KINDS
from imageyard.egress import Request, Response
from imageyard.metrics import Metrics
from imageyard.service.callers import Callers
from imageyard.service.issuer_keys import IssuerKeys
from imageyard.service.oidc import Oidc
from imageyard.service.tokens import Tokens
from imageyard.store.sqlite.store import SQLiteStore

_ISSUER: Final = "https://id.example.com"
_KEY: Final = "bench"


class Issuer:
    """A `Gate` behind which nobody but the issuer is."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048)
        shown = {**self.key.as_dict(private=False), "kid": _KEY, "use": "sig"}
        self._documents = {
            f"{_ISSUER}/.well-known/openid-configuration": {"issuer": _ISSUER, "jwks_uri": f"{_ISSUER}/keys"},
            f"{_ISSUER}/keys": {"keys": [shown]},
        }

    async def send(self, request: Request) -> Response:
        return Response(request.url, 200, (), json.dumps(self._documents[request.url]).encode())

    def token(self, number: int) -> str:
        claims = {"iss": _ISSUER, "aud": "bench", "sub": f"user-{number}", "exp": int(time.time()) + 3600}
        return jwt.encode({"alg": "RS256", "kid": _KEY}, {**claims, "groups": ["a", "b", "c"]}, self.key)


def measure(profile: Profile, worlds: Worlds) -> list[Figure]:
    """Checks the profile's `tokens`."""
    return asyncio.run(_measured(profile.tokens))


async def _measured(count: int) -> list[Figure]:
    clock, metrics, issuer = SystemClock(), Metrics(), Issuer()
    keys = IssuerKeys(_ISSUER, issuer, clock, metrics)
    oidc = Oidc(Rules(_ISSUER, frozenset({"bench"})), frozenset({"RS256"}), keys, clock, metrics)
    looking = asyncio.create_task(keys.run())
    while not keys.count:  # noqa: ASYNC110 - the look ends by itself
        await asyncio.sleep(0)
    with tempfile.TemporaryDirectory() as folder:
        async with SQLiteStore.open(Path(folder), KINDS, now=lambda: datetime.now(UTC)) as store:
            tokens = Tokens(store, clock)
            own = (await tokens.create("bench", "bench", ["a", "b", "c"], None)).reveal()
            figures = _figures(Callers(tokens, oidc), own, issuer, count)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    return figures


def _figures(callers: Callers, own: str, issuer: Issuer, count: int) -> list[Figure]:
    made = [issuer.token(number) for number in range(count)]
    checked = _rate(lambda: [_known(callers, token) for token in made], count)
    again = _rate(lambda: [_known(callers, made[-1]) for _ in range(count)], count)
    ours = _rate(lambda: [_known(callers, own) for _ in range(count)], count)
    public, private = issuer.key.public_key, issuer.key.private_key
    assert private is not None
    text = made[0].rpartition(".")[0].encode()
    signature = private.sign(text, padding.PKCS1v15(), SHA256())
    bare = _rate(lambda: [public.verify(signature, text, padding.PKCS1v15(), SHA256()) for _ in range(count)], count)
    return [
        Figure("tokens of an issuer checked", checked, bare, "tokens/s", 0.2, "ceiling: RS256 verified, nothing else"),
        Figure("token of an issuer recognised again", again, ours, "tokens/s", 0.3, "ceiling: an own token"),
    ]


def _known(callers: Callers, token: str) -> Actor:
    actor = callers.recognise(token, "192.0.2.1")
    assert isinstance(actor, Actor)
    return actor


def _rate(work: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)
