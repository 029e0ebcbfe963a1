"""The keys that seal credentials, as doors see them: ids and counts, never a key."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class KeyUse(Struct, frozen=True):
    """A key: whether it seals new values, how many values are under it, and whether it is held at all."""

    id: str
    current: bool
    values: int
    held: bool


class KeyUses(Struct, frozen=True):
    """All keys, by id. `source` is the setting `key_source`; `rotating`: values are being sealed anew just now;
    `damaged` counts what is no sealed value any more."""

    source: str
    current: str
    rotating: bool
    items: Sequence[KeyUse]
    damaged: int


class Rotated(Struct, frozen=True):
    """What a rotation did: how many values were `sealed` anew under `key`. `damaged` names (`namespace/name`) whose
    credentials open under no key; they are as they were."""

    key: str
    sealed: int
    damaged: Sequence[str]
    source: str


class SealKeys(Protocol):
    async def rotate(self) -> Rotated:
        """Renew the keys at their source and seal everything under the current one. Raises Unavailable."""

    async def uses(self) -> KeyUses: ...

    async def retire(self, key_id: str) -> None:
        """Give a key up for good. Raises NotFound; Conflict while a value is under it, for the current key, and where
        keys are the operator's to remove."""

    async def prune(self) -> Sequence[str]:
        """Retire every key that no value is under; answers which. Raises Conflict."""
