"""A signed token taken apart (RFC 7515 compact serialisation), and the keys that an issuer shows (RFC 7517).

Which algorithm a token may be signed by is decided by the operator and the kind of the key, never by the token. What it
says of keys (`jwk`, `jku`, `x5u`, `x5c`) is not read; one with critical extensions (`crit`) is refused, since none is
known here.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, cast

from cryptography.exceptions import UnsupportedAlgorithm
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from imageyard.domain.claims import Refusal, Refused
from imageyard.registry import strictjson

LONGEST: Final = 16_384
"""Characters of a token. Those with a few hundred groups take half of that; a head may hold 64 KiB in all."""
MOST_KEYS: Final = 64
"""Of one issuer; those that rotate show two or three."""
_LEAST_RSA: Final = 2048 // 8
_MOST_RSA: Final = 8192 // 8
"""Bytes of a modulus. Below, keys are weak (NIST SP 800-131A); above, one check takes too long."""
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}
_TYPES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "RSA"),
    **dict.fromkeys(("ES256", "ES384", "ES512"), "EC"),
    "EdDSA": "OKP",
}
ALGORITHMS: Final = tuple(_TYPES)
"""Asymmetric, all of them: with HS* the public key would be the secret, and `none` is no signature."""
_PART: Final = re.compile(r"[A-Za-z0-9_-]*")


class BadKeys(ValueError):
    """The document is no key set."""


class Signed(NamedTuple):
    """A token as it reads; nothing of it is proved."""

    algorithm: str
    key_id: str | None
    claims: Mapping[str, object]
    text: bytes
    """What was signed."""
    signature: bytes


@dataclass(frozen=True, slots=True)
class PublicKey:
    """`algorithm` "" is any that suits the key's type."""

    id: str | None
    type: str
    curve: str
    algorithm: str
    key: Key

    def suits(self, algorithm: str) -> bool:
        return (
            self.type == _TYPES[algorithm]
            and self.curve == _CURVES.get(algorithm, "")
            and self.algorithm in ("", algorithm)
        )

    def signed(self, token: Signed) -> bool:
        """Whether this key signed the token."""
        # The algorithm itself, not joserfc's way in: that would choose by what the token says, and limits heads to
        # fewer bytes than some issuers write.
        algorithm = jws.JWSRegistry.algorithms[token.algorithm]
        try:
            return bool(algorithm.verify(token.text, token.signature, self.key))
        except (JoseError, ValueError):
            return False


class Keys(tuple[PublicKey, ...]):
    """All that an issuer shows and that can check a signature."""

    __slots__ = ()

    def check(self, token: Signed) -> None:
        """Raises Refused where none of them signed the token. One without `kid` counts when there is no choice."""
        suitable = [key for key in self if key.suits(token.algorithm)]
        chosen = [key for key in suitable if key.id == token.key_id] if token.key_id is not None else suitable
        if not chosen or (token.key_id is None and len(chosen) > 1):
            raise Refused(Refusal.KEY)
        if not any(key.signed(token) for key in chosen):
            raise Refused(Refusal.SIGNATURE)


def read(token: str, algorithms: frozenset[str]) -> Signed:
    """Take a token apart. `algorithms`: those allowed. Raises Refused."""
    if len(token) > LONGEST or token.count(".") != 2:
        raise Refused(Refusal.MALFORMED)
    parts = token.split(".")
    header, claims = _object(_decoded(parts[0])), _object(_decoded(parts[1]))
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise Refused(Refusal.ALGORITHM)
    if "crit" in header or "b64" in header or not isinstance(key_id, str | None):
        raise Refused(Refusal.MALFORMED)
    return Signed(algorithm, key_id, claims, f"{parts[0]}.{parts[1]}".encode("ascii"), _decoded(parts[2]))


def read_keys(document: bytes) -> Keys:
    """Read a JWK set. Keys of other kinds and for other uses are left out (RFC 7517 section 5); when none is left, the
    issuer shows none, which is no error. Raises BadKeys."""
    try:
        read_ = strictjson.read(document)
    except strictjson.BadJSON:
        raise BadKeys("no JSON that can be trusted") from None
    listed = read_.get("keys") if isinstance(read_, dict) else None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise BadKeys(f"no list of {MOST_KEYS} keys at most")
    keys = Keys(key for each in listed if (key := _key(each)) is not None)
    if not keys and not all(isinstance(each, dict) for each in listed):
        raise BadKeys("no list of keys")
    return keys


def _key(given: object) -> PublicKey | None:
    """None for a key that is broken, weak, private, or not for signatures."""
    if not isinstance(given, dict) or given.get("use", "sig") != "sig" or "d" in given:
        return None
    operations, key_id = given.get("key_ops", ["verify"]), given.get("kid")
    if not isinstance(operations, list) or "verify" not in operations or not isinstance(key_id, str | None):
        return None
    try:
        key = _imported({name: value for name, value in given.items() if name in _MATERIAL})
    except (JoseError, Refused, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    algorithm = given.get("alg", "")
    if key is None or not isinstance(algorithm, str):
        return None
    return PublicKey(key_id, str(given["kty"]), str(given.get("crv", "")), algorithm, key)


_MATERIAL: Final = frozenset({"kty", "n", "e", "crv", "x", "y"})


def _imported(material: dict[str, Any]) -> Key | None:
    match material.get("kty"):
        case "RSA" if _LEAST_RSA <= len(_decoded(material["n"]).lstrip(b"\0")) <= _MOST_RSA:
            return RSAKey.import_key(material)
        case "EC" if material.get("crv") in _CURVES.values():
            return ECKey.import_key(material)
        case "OKP" if material.get("crv") == "Ed25519":
            return OKPKey.import_key(material)
        case _:
            return None


def _decoded(part: object) -> bytes:
    """base64url without padding (RFC 7515 section 2), in the one spelling that encoding gives. Raises Refused."""
    if not isinstance(part, str) or not _PART.fullmatch(part) or len(part) % 4 == 1:
        raise Refused(Refusal.MALFORMED)
    try:
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (ValueError, binascii.Error):
        raise Refused(Refusal.MALFORMED) from None
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode("ascii"):
        raise Refused(Refusal.MALFORMED)
    return decoded


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = strictjson.read(body)
    except strictjson.BadJSON:
        raise Refused(Refusal.MALFORMED) from None
    if not isinstance(value, dict):
        raise Refused(Refusal.MALFORMED)
    return cast("Mapping[str, object]", value)
