"""Seal every credential under a new key, in batches, online.

Interrupted anywhere, nothing is lost: old keys stay, each value says which key it is under, and another run finds
what is left. A value that changed meanwhile is already under the new key.
"""

from pathlib import Path

from imageyard.app import sealing
from imageyard.keyring import keyfile
from imageyard.keyring.aead import AeadKeyring
from imageyard.store import Store

_BATCH = 200


async def rotate(store: Store, keyring: AeadKeyring, directory: Path) -> tuple[str, int]:
    """Make a new key, seal everything under it; answer its id and how many values were sealed anew.
    Raises KeyringError when a value cannot be opened."""
    key_id, key = keyfile.generate(directory)
    keyring.add(key_id, key)
    count, cursor = 0, ""
    while batch := await store.sealed_after(cursor, _BATCH):
        for position, owner_key, uid, sealed in batch:
            cursor = position
            if not keyring.is_current(sealed):
                owner = sealing.owner(owner_key, uid)
                count += await store.reseal(owner_key, sealed, keyring.seal(owner, keyring.open(owner, sealed)))
    return key_id, count
