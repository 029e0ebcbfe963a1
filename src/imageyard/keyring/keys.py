"""Keys as a source delivers them: by id, one of them current; and the document in which they travel.

`{"current": "<id>", "keys": {"<id>": "<32 bytes in hex>"}}` is what `imageyard keys export` writes and what every
source outside the data directory may deliver.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from imageyard.keyring import KeyringError

KEY_BYTES: Final = 32
LARGEST: Final = 65_536
"""Bytes of a document; hundreds of keys."""
ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}", re.ASCII)
"""Short enough that a key given in the place of its id is never taken for one, and so never shown."""


class NoKeys(KeyringError):
    """The source holds no key yet, and may make one."""


@dataclass(frozen=True, slots=True)
class Keys:
    """All keys of a source; `current` is the id of the one that seals. Raises KeyringError for what cannot be used.
    Nothing that is raised or printed shows a key."""

    current: str
    by_id: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        for key_id, key in self.by_id.items():
            if not ID.fullmatch(key_id):
                raise KeyringError("the id of a key is up to 32 characters of a-z, 0-9, dot, hyphen and underscore")
            if len(key) != KEY_BYTES:
                raise KeyringError(f"key {key_id!r} is not {KEY_BYTES} bytes long", key_id)
            if len(set(key)) == 1:
                raise KeyringError(f"key {key_id!r} is one byte over and over, which anybody guesses", key_id)
        if self.current not in self.by_id:
            shown = self.current if ID.fullmatch(self.current) else "***"
            raise KeyringError(f"the current key {shown!r} is not among the keys", shown)

    @classmethod
    def parse(cls, document: bytes | str) -> Self:
        """Raises KeyringError for what is no such document, or says something twice."""
        try:
            read = json.loads(document, object_pairs_hook=_once)
            by_id = {str(key_id): decoded(text) for key_id, text in read["keys"].items()}
            return cls(str(read["current"]), by_id)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # Anew, without its cause: a reader's complaint carries the document along.
            pass
        raise KeyringError('it is no document of keys: {"current": id, "keys": {id: hex}}')

    def document(self) -> bytes:
        keys = {key_id: self.by_id[key_id].hex() for key_id in sorted(self.by_id)}
        return json.dumps({"current": self.current, "keys": keys}, indent=2).encode() + b"\n"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A reader of JSON takes the last of two values, and nobody would hear of the first."""
    read: dict[str, object] = {}
    for name, value in pairs:
        if name in read:
            shown = f" ({name!r})" if ID.fullmatch(name) else ""
            raise KeyringError(f"the document of keys has one name twice{shown}")
        read[name] = value
    return read


def decoded(text: str) -> bytes:
    """A key in hex or base64 (RFC 4648, either alphabet). Raises ValueError, which does not show it."""
    if len(text) == 2 * KEY_BYTES:
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    else:
        try:
            return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise ValueError("neither hex nor base64")


class KeySource(Protocol):
    """Where keys come from. The composition root picks one by the setting `key_source`."""

    @property
    def name(self) -> str:
        """The value of the setting."""

    @property
    def place(self) -> str:
        """What a sentence calls it: "… is not in {place}"."""

    @property
    def remedy(self) -> str:
        """How a key that is missing gets there."""

    def load(self) -> Keys:
        """Read the keys; may block for `command.SECONDS`. Raises KeyringError; NoKeys where `renewed` makes the
        first."""

    def renewed(self) -> Keys:
        """The keys after a rotation: with a new one where this source makes keys, else with whichever the operator
        has made current there. Raises KeyringError."""

    def drop(self, key_id: str) -> bool:
        """Remove a key for good; False where that is the operator's to do. Raises OSError."""
