"""What says who somebody is: tokens of an issuer, its keys, signing requests, kubeconfigs, documents of keys."""

import atexit
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509

from imageyard.app import client_certificates, kubeconfig
from imageyard.app.certificates import Certificates
from imageyard.domain import claims
from imageyard.domain.claims import RESERVED, Refusal, Refused, Rules
from imageyard.domain.errors import AlreadyExists, BadRequest, Invalid, NotFound
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.keyring import KeyringError
from imageyard.keyring.keys import LARGEST, Keys
from imageyard.registry import strictjson
from imageyard.registry.strictjson import BadJSON
from imageyard.service import jws
from imageyard.service.jws import ALGORITHMS, BadKeys
from imageyard.web import body
from tests.fuzz.target import Target, header, text

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
UNPREFIXED: Final = Rules("https://id.test", frozenset({"imageyard"}), username_claim="email")
PREFIXED: Final = Rules("https://id.test", frozenset({"imageyard"}), username_prefix="id:", groups_prefix="id:")
CLAIMS: Final = {
    "iss": "https://id.test",
    "aud": ["imageyard", "other"],
    "sub": "7",
    "exp": NOW.timestamp() + 60,
    "iat": NOW.timestamp(),
    "email": "ann@id.test",
    "email_verified": True,
    "groups": ["dev", "system:masters"],
}
TOKEN: Final = b"eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLnRlc3QiLCJzdWIiOiI3In0.c2lnbmF0dXJl"
KEYS: Final = b"""{"keys": [
    {"kty": "EC", "kid": "1", "use": "sig", "crv": "P-256", "alg": "ES256",
     "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"},
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty": "oct", "k": "c2VjcmV0"}
]}"""

SEALING: Final = b'{"current": "a", "keys": {"a": "' + b"0a1b" * 16 + b'"}}'
KUBECONFIG: Final = b"""
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://c.test"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


def _token(data: bytes) -> None:
    """Nothing is read from a token that its algorithm was not allowed for."""
    assert jws.read(header(data), frozenset(ALGORITHMS)).algorithm in ALGORITHMS


def _bearer(data: bytes) -> None:
    """Nobody becomes one of this server's own users or groups, with a prefix or without."""
    given = strictjson.read(data)
    if not isinstance(given, dict):
        raise Refused(Refusal.MALFORMED)
    for rules in (UNPREFIXED, PREFIXED):
        bearer = claims.bearer(given, rules, NOW.timestamp())
        assert not any(name.startswith(RESERVED) for name in (bearer.user, *bearer.groups))


def _keys(data: bytes) -> None:
    """A key that is read suits asymmetric algorithms only."""
    assert all(key.type in ("RSA", "EC", "OKP") for key in jws.read_keys(data))


@cache
def _authority() -> Certificates:
    place = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, place)
    made = Certificates(place)
    made.ensure(["localhost"], NOW)
    return made


def _request(data: bytes) -> None:
    """A request is signed for whom the server says, whatever it says itself."""
    signed = _authority().sign_client(text(data), "ann", ["dev"], NOW + timedelta(days=1), NOW)
    subject = x509.load_pem_x509_certificate(signed.pem.encode()).subject
    assert [name.value for name in subject] == ["dev", "ann"]


_NO_MAPPING: Final = Text("须为对象", "an object is expected")


def _kubeconfig(data: bytes) -> None:
    """Who signs in is found again, and what was there before is there after signing out."""
    config = body.parse(data, body.YAML)
    if not isinstance(config, dict):
        raise BadRequest(_NO_MAPPING)
    login = kubeconfig.Login("yard", "https://yard.test:8443", None, Secret("t"))
    signed = kubeconfig.signed_in(config, login)
    assert kubeconfig.login(signed).server == login.server
    assert kubeconfig.signed_out(signed, "yard").keys() >= config.keys()


TARGETS: Final = (
    Target("jwt", _token, (TOKEN,), (Refused,), jws.LONGEST),
    Target("claims", _bearer, (msgspec.json.encode(CLAIMS),), (Refused, BadJSON)),
    Target("jwks", _keys, (KEYS,), (BadKeys,)),
    Target("signing-request", _request, (client_certificates.ask().request.encode(),), (Invalid,)),
    Target("kubeconfig", _kubeconfig, (KUBECONFIG,), (AlreadyExists, BadRequest, Invalid, NotFound)),
    Target("sealing-keys", Keys.parse, (SEALING,), (KeyringError,), LARGEST),
)
