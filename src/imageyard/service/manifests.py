"""The manifest of a digest that an image's status or history shows: what is held of it, else what its registry says."""

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

from imageyard.domain.access import Actor
from imageyard.domain.errors import Cause, Failure, NotFound, Unavailable
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import Key
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.registry import RegistryError, origin, providers
from imageyard.service import contents, credentials, layouts
from imageyard.service.fetch import Fetcher, Unresolved
from imageyard.service.layouts import Weight
from imageyard.service.objects import SYNCS_KEPT, Objects
from imageyard.service.turns import Turns
from imageyard.store import Content, Store

PATIENCE: Final = 30.0
"""Seconds somebody waits for a registry, the wait for others who ask the same source included."""
ASK_AGAIN: Final = 60
"""Seconds after which a registry that gave no answer may be asked again."""
_ABSENT: Final = frozenset({Reason.RepositoryNotFound, Reason.TagNotFound})
_KIND: Final = "manifest"


class _Line(msgspec.Struct, rename="camel"):
    """What is read of a line of sync history."""

    digest_before: str = ""
    digest_after: str = ""


class Manifests:
    """A digest that an image has shown is looked for where this image's own syncs have named it, and nowhere else. What
    is not held is asked for with the image's own credential: one at a time per registry source."""

    def __init__(self, store: Store, fetcher: Fetcher, objects: Objects, *, patience: float = PATIENCE) -> None:
        self._store = store
        self._fetcher = fetcher
        self._objects = objects
        self._patience = patience
        self._turns: Turns[Key, None] = Turns()

    async def read(
        self, actor: Actor, namespace: str, name: str, digest: str, *, within: str = ""
    ) -> Mapping[str, Any]:
        """`{"digest", "mediaType", "manifest", "config", "layers"}`. Raises as `find` does, and Corrupt."""
        return await contents.describe(self._store, await self.find(actor, namespace, name, digest, within=within))

    async def peek(self, actor: Actor, namespace: str, name: str, digest: str) -> Mapping[str, Any] | None:
        """What `read` answers of what is held; None where a registry would have to be asked, or for a digest that the
        image does not show. Raises Forbidden; NotFound for the image; Corrupt."""
        image, shown = await self._shown(actor, namespace, name)
        held = await self._held(image, digest) if digest in shown else None
        return None if held is None else await contents.describe(self._store, held)

    async def find(self, actor: Actor, namespace: str, name: str, digest: str, *, within: str = "") -> Content:
        """The manifest byte for byte. An entry of an index is found `within` it: an index that the image shows says
        what else is where it was found. Raises Forbidden; NotFound for a digest that the image does not show, or that
        its registry does not have; Unavailable, with the reason, where the registry would have to be asked and cannot
        be."""
        image, shown = await self._shown(actor, namespace, name)
        if (within or digest) not in shown:
            raise NotFound(_KIND, digest)
        if not within:
            return await self._held(image, digest) or await self._asked_in_turn(image, digest)
        index = await self._held(image, within) or await self._asked_in_turn(image, within)
        if digest not in layouts.entries(index):
            raise NotFound(_KIND, digest)
        return await self._store.get_content(index.scope, digest) or await self._asked_in_turn(
            image, digest, index.scope
        )

    async def weigh(
        self, actor: Actor, namespace: str, name: str, digests: Iterable[str], platform: str
    ) -> Mapping[str, Weight]:
        """Size and layers of what is held of these digests, of indexes those of one platform (`os/arch[/variant]`).
        Nobody is asked: what is not held, or what the image does not show, is left out."""
        image, shown = await self._shown(actor, namespace, name)
        found = {}
        for digest in shown.intersection(digests):
            held = await self._held(image, digest)
            child = layouts.platform_of(held, platform) if held is not None else ""
            if held is not None and child:
                held = await self._store.get_content(held.scope, child)
            weight = layouts.weight(held) if held is not None else None
            if weight is not None:
                found[digest] = weight
        return found

    async def _shown(self, actor: Actor, namespace: str, name: str) -> tuple[Repository, frozenset[str]]:
        """The image, and the digests that its status and history show. Raises Forbidden, NotFound."""
        stored = await self._objects.get(actor, REPOSITORY, namespace, name)
        image: Repository = REPOSITORY.decode(stored.body)
        history = await self._store.notes(stored.uid, "sync", SYNCS_KEPT)
        return image, frozenset({*_of_status(image), *_of_history(history)})

    async def _held(self, image: Repository, digest: str) -> Content | None:
        uid, shown = image.metadata.uid, image.status.manifest
        scopes = await self._store.scopes(uid, digest)
        if not scopes and shown is not None and digest in _of_platforms(image):
            # An index that was found somewhere says what its platforms are there.
            scopes = await self._store.scopes(uid, shown.digest)
        for scope in scopes:
            held = await self._store.get_content(scope or await self._present_scope(image), digest)
            if held is not None:
                return held
        return None

    async def _present_scope(self, image: Repository) -> str:
        """The scope that the registry client's `scope` names; "" when the source is gone."""
        ref = image.spec.registry_ref
        try:
            stored = await self._store.get(REGISTRY_SECRET, ref.namespace, ref.name)
        except NotFound:
            return ""
        home = origin.of(credentials.source_of(REGISTRY_SECRET.decode(stored.body), Secret(""), ""))
        return f"{home}/{providers.asked(home, image.spec.repository)}"

    async def _asked_in_turn(self, image: Repository, digest: str, scope: str = "") -> Content:
        """What somebody who asked before found is not asked for again; entries of an index are found in its scope."""
        ref = image.spec.registry_ref
        source = Key(REGISTRY_SECRET.plural, ref.namespace, ref.name)
        try:
            async with asyncio.timeout(self._patience), self._turns.take(source):
                again = self._store.get_content(scope, digest) if scope else self._held(image, digest)
                return await again or await self._asked(image, digest)
        except TimeoutError:
            text = Text("镜像仓库未在时限内应答", "the registry did not answer in time")
            raise _failure(digest, Reason.Timeout, text) from None

    async def _asked(self, image: Repository, digest: str) -> Content:
        resolved = await self._fetcher.resolve(image.metadata.namespace, image.spec)
        if isinstance(resolved, Unresolved):
            raise _failure(digest, resolved.reason, resolved.message)
        try:
            return await self._fetcher.by_digest(resolved.source, image.spec, digest)
        except RegistryError as error:
            absent = error.unauthorized and resolved.verified
            reason = Reason.RepositoryNotFound if absent else error.reason
            raise _failure(digest, reason, error.message, error.retry_after) from None


def _failure(digest: str, reason: Reason, said: Text, retry_after: float | None = None) -> Failure:
    text = Text(
        f"清单 {digest} 未保存在本服务中，向镜像仓库读取时：{said.zh}",
        f"the manifest {digest} is not held here, and its registry was asked: {said.en}",
    )
    if reason in _ABSENT:
        return NotFound(_KIND, digest, text)
    wait = ASK_AGAIN if retry_after is None else math.ceil(retry_after)
    return Unavailable(text, wait, kind=_KIND, name=digest, causes=[Cause("", reason, said)])


def _of_status(image: Repository) -> Iterator[str]:
    if image.status.manifest is not None:
        yield image.status.manifest.digest
        yield from _of_platforms(image)


def _of_platforms(image: Repository) -> set[str]:
    return set() if image.status.manifest is None else {each.digest for each in image.status.manifest.platforms}


def _of_history(history: Iterable[bytes]) -> Iterator[str]:
    for line in history:
        read = msgspec.json.decode(line, type=_Line)
        yield from (read.digest_before, read.digest_after)
