"""Whether the keys that are here open what is sealed in the database, found out before anything is sealed with them."""

from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from imageyard.domain.kinds import BY_PLURAL
from imageyard.domain.objects import Key
from imageyard.keyring import KeyringError, Owner, keyfile
from imageyard.keyring.aead import AeadKeyring, key_id_of
from imageyard.store import Store

log = structlog.get_logger()

_BATCH = 500


async def keyring(store: Store, directory: Path) -> AeadKeyring:
    """The keys of `directory`, made where there is nothing to open. Raises KeyringError when a stored credential is
    under a key that is not here, or a key of that id opens none of its credentials. A value that names no key at all
    is damaged: it is reported, and its source fails until the password is set again."""
    present = keyfile.present(directory)
    keys = keyfile.load(directory) if present else None
    opened, shut = set[str](), dict[str, Key]()
    async for key, uid, sealed in _all(store):
        key_id = _key_id(key, sealed)
        if not key_id or key_id in opened:
            continue
        if keys is None or key_id not in present:
            raise _missing(key_id, key)
        if _opens(keys, owner(key, uid), sealed):
            opened.add(key_id)
        else:
            shut.setdefault(key_id, key)
    for key_id, key in shut.items():
        if key_id not in opened:
            raise _another(key_id, key)
    return keys or keyfile.load(directory)


def owner(key: Key, uid: str) -> Owner:
    """What the secret of an object is bound to."""
    kind = BY_PLURAL[key.resource]
    return Owner(kind.name, key.namespace, key.name, uid, kind.secret_fields[0])


async def _all(store: Store) -> AsyncIterator[tuple[Key, str, bytes]]:
    cursor = ""
    while batch := await store.sealed_after(cursor, _BATCH):
        for cursor, key, uid, sealed in batch:  # noqa: B007 - the last one goes on
            yield key, uid, sealed


def _key_id(key: Key, sealed: bytes) -> str:
    """ "" for what is no sealed value."""
    try:
        return key_id_of(sealed)
    except KeyringError:
        log.error("credential_damaged", namespace=key.namespace, name=key.name, remedy="set spec.password again")
        return ""


def _opens(keys: AeadKeyring, bound: Owner, sealed: bytes) -> bool:
    try:
        keys.open(bound, sealed)
    except KeyringError:
        return False
    return True


def _missing(key_id: str, key: Key) -> KeyringError:
    return KeyringError(
        f"the credential of {key.namespace}/{key.name} is sealed under key {key_id!r}, which is not in "
        "the keys directory; take it in with `imageyard keys import FILE`",
        key_id,
    )


def _another(key_id: str, key: Key) -> KeyringError:
    return KeyringError(
        f"the key {key_id!r} in the keys directory is not the one that sealed the credential of "
        f"{key.namespace}/{key.name}: it opens nothing; take in the right one with `imageyard keys import FILE`",
        key_id,
    )
