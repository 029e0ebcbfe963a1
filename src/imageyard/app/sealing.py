"""Whether the keys that are here open what is sealed in the database, found out before anything is sealed with them."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import structlog

from imageyard.domain.kinds import BY_PLURAL
from imageyard.domain.objects import Key
from imageyard.keyring import KeyringError, Owner
from imageyard.keyring.aead import AeadKeyring, key_id_of
from imageyard.keyring.keys import KeySource, NoKeys
from imageyard.store import Store

log = structlog.get_logger()

_BATCH = 500


class Sealed(NamedTuple):
    """A stored value: whose it is, and its bytes."""

    key: Key
    uid: str
    value: bytes

    @property
    def owner(self) -> Owner:
        """What it is bound to."""
        kind = BY_PLURAL[self.key.resource]
        return Owner(kind.name, self.key.namespace, self.key.name, self.uid, kind.secret_fields[0])

    @property
    def key_id(self) -> str:
        """Of the key it is under; "" for what is no sealed value."""
        try:
            return key_id_of(self.value)
        except KeyringError:
            return ""

    @property
    def shown(self) -> str:
        return f"{self.key.namespace}/{self.key.name}"


async def batches(store: Store, size: int = _BATCH) -> AsyncIterator[list[Sealed]]:
    """All sealed values, each batch as it is when it is asked for."""
    cursor = ""
    while batch := await store.sealed_after(cursor, size):
        cursor = batch[-1][0]
        yield [Sealed(key, uid, value) for _, key, uid, value in batch]


async def keyring(store: Store, source: KeySource) -> AeadKeyring:
    """The keys of `source`, made there when there is nothing to open and the source makes keys. Raises KeyringError
    when a stored credential is under a key that is not here, or a key of that id opens none of its credentials. A
    value that names no key at all is damaged: it is reported, and its source fails until the password is set again."""
    keys = await _loaded(source)
    opened, shut = set[str](), dict[str, Sealed]()
    async for batch in batches(store):
        for each in batch:
            if not each.key_id:
                log.error("credential_damaged", namespace=each.key.namespace, name=each.key.name, remedy=_SET_AGAIN)
            elif each.key_id not in opened:
                if keys is None or each.key_id not in keys.ids:
                    raise missing(each.key_id, each.shown, source)
                if opens(keys, each):
                    opened.add(each.key_id)
                else:
                    shut.setdefault(each.key_id, each)
    for key_id, one in shut.items():
        if key_id not in opened:
            raise _another(key_id, one.shown, source)
    return keys or AeadKeyring.of(source.renewed())


_SET_AGAIN = "set spec.password again"


async def _loaded(source: KeySource) -> AeadKeyring | None:
    """None where the source has no key yet."""
    try:
        return AeadKeyring.of(await asyncio.to_thread(source.load))
    except NoKeys:
        return None


def opens(keys: AeadKeyring, sealed: Sealed) -> bool:
    try:
        keys.open(sealed.owner, sealed.value)
    except KeyringError:
        return False
    return True


def missing(key_id: str, whose: str, source: KeySource) -> KeyringError:
    return KeyringError(
        f"the credential of {whose} is sealed under key {key_id!r}, which is not in {source.place}; {source.remedy}",
        key_id,
    )


def _another(key_id: str, whose: str, source: KeySource) -> KeyringError:
    return KeyringError(
        f"the key {key_id!r} in {source.place} is not the one that sealed the credential of {whose}: it opens nothing; "
        f"{source.remedy}",
        key_id,
    )
