"""Seal and open values: AES-256-GCM under a key derived per value (HKDF-SHA-256, RFC 5869).

A fresh key per value lifts the limit of random nonces under one key, so rotation is a choice, not a deadline.
Layout of a sealed value: version (1) | length of key id (1) | key id | salt (32) | nonce (12) | ciphertext and tag.
"""

import hmac
import os
from collections.abc import Collection, Mapping
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError, Owner
from imageyard.keyring.keys import KEY_BYTES, Keys

_VERSION = 1
_SALT = 32
_NONCE = 12
_INFO = b"imageyard sealed value v1"
_NOBODY = Owner("", "", "", "", "")
_PROBE = Secret("probe")


class AeadKeyring:
    """A keyring in memory: `keys` by id, new values sealed under `current`. See `keyring.Keyring` for promises."""

    def __init__(self, keys: Mapping[str, bytes], current: str) -> None:
        self._keys = Keys(current, dict(keys))

    @classmethod
    def of(cls, keys: Keys) -> Self:
        return cls(keys.by_id, keys.current)

    @property
    def current(self) -> str:
        return self._keys.current

    @property
    def ids(self) -> Collection[str]:
        return self._keys.by_id.keys()

    @property
    def works(self) -> bool:
        """Whether what is sealed under the current key can be opened again."""
        try:
            return self.open(_NOBODY, self.seal(_NOBODY, _PROBE)) == _PROBE
        except KeyringError:
            return False

    def adopt(self, keys: Keys, *, keep: bool = False) -> None:
        """Put these keys in the place of those held, or beside them. Raises KeyringError for another key under an id
        that is known: what was sealed under that would never open again."""
        for key_id, key in keys.by_id.items():
            if not hmac.compare_digest(self._keys.by_id.get(key_id, key), key):
                raise KeyringError(f"key {key_id!r} is another one than before; a new key takes a new id", key_id)
        self._keys = Keys(keys.current, {**self._keys.by_id, **keys.by_id}) if keep else keys

    def seal(self, owner: Owner, value: Secret) -> bytes:
        salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
        head = _head(self._keys.current)
        cipher = AESGCM(_derive(self._keys.by_id[self._keys.current], salt))
        return head + salt + nonce + cipher.encrypt(nonce, value.reveal().encode(), head + _bind(owner))

    def open(self, owner: Owner, sealed: bytes) -> Secret:
        key_id = key_id_of(sealed)
        if key_id not in self._keys.by_id:
            raise KeyringError(f"the value is sealed under the unknown key {key_id!r}", key_id)
        head = _head(key_id)
        salt, rest = sealed[len(head) : len(head) + _SALT], sealed[len(head) + _SALT :]
        try:
            plain = AESGCM(_derive(self._keys.by_id[key_id], salt)).decrypt(
                rest[:_NONCE], rest[_NONCE:], head + _bind(owner)
            )
        except (InvalidTag, ValueError):
            # Raised anew without its cause: nothing of the value may hang on a traceback.
            raise KeyringError("the sealed value was changed, or belongs to another object", key_id) from None
        return Secret(plain.decode())

    def is_current(self, sealed: bytes) -> bool:
        return key_id_of(sealed) == self._keys.current


def key_id_of(sealed: bytes) -> str:
    """Read which key a value is under. Raises KeyringError for bytes that are no sealed value."""
    if len(sealed) < 2 or sealed[0] != _VERSION or len(sealed) < 2 + sealed[1] + _SALT + _NONCE:
        raise KeyringError("these bytes are no sealed value")
    try:
        return sealed[2 : 2 + sealed[1]].decode("ascii")
    except UnicodeDecodeError:
        raise KeyringError("these bytes are no sealed value") from None


def _head(key_id: str) -> bytes:
    name = key_id.encode("ascii")
    return bytes((_VERSION, len(name))) + name


def _derive(key: bytes, salt: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=_INFO).derive(key)


def _bind(owner: Owner) -> bytes:
    """The associated data. Lengths go before texts, so no two owners give the same bytes."""
    parts = [part.encode() for part in owner]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
