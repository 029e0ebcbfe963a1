"""Secrets at rest: AES-256-GCM with a key derived per value, the key id beside it, bound to its owner."""

from typing import NamedTuple, Protocol

from imageyard.domain.secret import Secret


class Owner(NamedTuple):
    """What a sealed value belongs to; bound as associated data, so a value moved elsewhere does not open."""

    kind: str
    namespace: str
    name: str
    uid: str
    field: str


class KeyringError(Exception):
    """A value that cannot be opened: `key_id` is unknown, or the value was changed or moved. Never holds the value."""

    def __init__(self, message: str, key_id: str = "") -> None:
        super().__init__(message)
        self.key_id = key_id


class Keyring(Protocol):
    def seal(self, owner: Owner, value: Secret) -> bytes:
        """Encrypt under the current key."""

    def open(self, owner: Owner, sealed: bytes) -> Secret:
        """Decrypt under the key the value names. Raises KeyringError."""

    def is_current(self, sealed: bytes) -> bool:
        """Whether the value is under the current key (False: rotation has it to do)."""
