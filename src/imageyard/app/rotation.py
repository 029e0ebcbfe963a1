"""The keys of a server while it works: rotated, looked at, retired.

A rotation goes in batches, online. Interrupted anywhere, nothing is lost: old keys stay, each value says which key it
is under, and the next start finishes what is left.

A value is sealed in the very step of the event loop in which its write is handed to the store, and the store writes in
the order in which it was handed: once the keys have changed and one more write is through, no value under an old key is
on its way any more.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from imageyard.app import sealing
from imageyard.app.sealing import Sealed
from imageyard.domain.errors import Conflict, NotFound, Unavailable
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.objects import Key
from imageyard.domain.text import Text
from imageyard.keyring import KeyringError
from imageyard.keyring.aead import AeadKeyring
from imageyard.keyring.keys import Keys, KeySource
from imageyard.service.sealkeys import KeyUse, KeyUses, Rotated
from imageyard.store import Store

log = structlog.get_logger()

_BATCH: Final = 200
_KIND: Final = "key"


class Rotation:
    """Implements `service.sealkeys.SealKeys`: one thing at a time."""

    def __init__(self, store: Store, keyring: AeadKeyring, source: KeySource) -> None:
        self._store = store
        self._keyring = keyring
        self._source = source
        self._turn = asyncio.Lock()

    async def rotate(self) -> Rotated:
        async with self._turn:
            keys = await self._renew()
            await self._settle()
            done = await self._seal_anew()
            self._keyring.adopt(keys)
            return done

    async def finish(self) -> None:
        """Take up a rotation that was cut off, or begin the one that new keys of the source ask for."""
        async with self._turn:
            used = await self._used()
            left = used.total() - used[self._keyring.current] - used[""]
            if left:
                log.warning("keys_rotation_resumed", key_id=self._keyring.current, left=left)
                done = await self._seal_anew()
                log.info("keys_rotation_finished", key_id=done.key, sealed=done.sealed, damaged=len(done.damaged))

    async def uses(self) -> KeyUses:
        used = await self._used()
        current, ids = self._keyring.current, {*self._keyring.ids, *used} - {""}
        items = [KeyUse(each, each == current, used[each], each in self._keyring.ids) for each in sorted(ids)]
        return KeyUses(self._source.name, current, self._turn.locked(), items, used[""])

    async def retire(self, key_id: str) -> None:
        async with self._turn:
            await self._settle()
            used = await self._used()
            if key_id not in self._keyring.ids:
                raise NotFound(_KIND, key_id)
            if key_id == self._keyring.current:
                raise _kept(key_id, Text("它是当前密钥，请先轮换", "it is the current one; rotate first"))
            if used[key_id]:
                raise _kept(
                    key_id,
                    Text(
                        f"仍有 {used[key_id]} 个凭证用它加密，请先轮换",
                        f"{used[key_id]} credentials are sealed under it; rotate first",
                    ),
                )
            await self._drop(key_id)

    async def prune(self) -> Sequence[str]:
        uses = await self.uses()
        unused = [each.id for each in uses.items if each.held and not each.current and not each.values]
        for key_id in unused:
            await self.retire(key_id)
        return unused

    async def _renew(self) -> Keys:
        """Have the source renew its keys, and answer them; the old ones count on where that fails. One that the source
        gives no more is held on to: this may be the last place where it is, and values are under it."""
        try:
            keys = await asyncio.to_thread(self._source.renewed)
            self._keyring.adopt(keys, keep=True)
        except (KeyringError, OSError) as error:
            log.error("keys_not_renewed", source=self._source.name, problem=str(error))
            told = Text(f"密钥来源无法使用：{error}", f"the source of keys cannot be used: {error}")
        else:
            return keys
        raise Unavailable(told)

    async def _settle(self) -> None:
        """Return once every value that was sealed before is in the file: one more write, which changes nothing."""
        await self._store.reseal(Key(REGISTRY_SECRET.plural, "", ""), b"", b"")

    async def _seal_anew(self) -> Rotated:
        """Values that do not open are left as they are and named."""
        count, damaged = 0, list[str]()
        async for batch in sealing.batches(self._store, _BATCH):
            todo = [each for each in batch if each.key_id != self._keyring.current]
            whole = [each for each in todo if sealing.opens(self._keyring, each)]
            damaged += [each.shown for each in todo if each not in whole]
            count += sum(await asyncio.gather(*map(self._reseal, whole)))
        for shown in damaged:
            log.error("credential_damaged", credential_of=shown, remedy="set spec.password again")
        return Rotated(self._keyring.current, count, damaged, self._source.name)

    async def _reseal(self, each: Sealed) -> bool:
        """False when it was changed meanwhile: then it is under the new key already, or gone."""
        anew = self._keyring.seal(each.owner, self._keyring.open(each.owner, each.value))
        return await self._store.reseal(each.key, each.value, anew)

    async def _used(self) -> Counter[str]:
        """How many values are under each key; under "" what is no sealed value."""
        used = Counter[str]()
        async for batch in sealing.batches(self._store):
            used.update(each.key_id for each in batch)
        return used

    async def _drop(self, key_id: str) -> None:
        if not await asyncio.to_thread(self._source.drop, key_id):
            place = self._source.place
            raise _kept(
                key_id,
                Text(f"密钥不由本服务保管，请在其来源处删除（{place}）", f"remove it at its source instead: {place}"),
            )
        left = await asyncio.to_thread(self._source.load)
        self._keyring.adopt(left)
        log.warning("key_retired", key_id=key_id, effect="backups that are sealed under it open no more")


def _kept(key_id: str, why: Text) -> Conflict:
    said = Text(f"密钥“{key_id}”不能删除：{why.zh}", f'key "{key_id}" is kept: {why.en}')
    return Conflict(_KIND, key_id, said)
