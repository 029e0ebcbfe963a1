"""Fetch what a spec names: find the source, check the reference, talk to the registry. Used by sync and preview."""

import asyncio
from typing import NamedTuple

from msgspec import UNSET

from imageyard.domain import reasons
from imageyard.domain.errors import Corrupt, NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.repository import Manifest, RegistryRef, RepositorySpec
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.keyring import Keyring
from imageyard.registry import Document, Head, Inspection, Quota, Registry, RegistryError, Source, errors
from imageyard.service import sources
from imageyard.service.credentials import Credentials
from imageyard.store import Content, Store


class Resolved(NamedTuple):
    """A reference that may be used. `generation` and `uid` are the RegistrySecret's; `verified` tells that its
    credential was found good as it now is."""

    source: Source
    uid: str
    generation: int
    verified: bool = False


class Unresolved(NamedTuple):
    """Why a reference cannot be used: RegistryNotFound, ReferenceNotPermitted, CredentialRefused; InvalidSpec when
    the stored password cannot be decrypted."""

    reason: Reason
    message: Text


class Fetched(NamedTuple):
    """One attempt's outcome. Exactly one of `manifest` and `reason` != Synced is meaningful.
    `unchanged`: the HEAD answered the digest that was held, nothing else was asked."""

    reason: Reason
    message: Text
    domain: str = ""
    manifest: Manifest | None = None
    unchanged: bool = False
    digests: tuple[str, ...] = ()
    """Documents the manifest stands on, to be held by history."""
    contents: tuple[Content, ...] = ()
    """The documents themselves, where they were read now; `Fetcher.keep` stores them."""
    scope: str = ""
    """Where the digests were found; "" where nothing was."""
    retry_after: float | None = None
    quota: Quota | None = None
    unauthorized: bool = False
    """A 401 after sign-in: the credential is refused, or this repository is out of its sight. Verify tells which."""
    elsewhere: bool = False
    """Another host than the source's gave no answer."""
    spared: bool = False
    """RateLimited, though nobody refused: there is something new, which was not pulled to save the quota."""


class Fetcher:
    def __init__(self, store: Store, keyring: Keyring, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._credentials = Credentials(store, keyring, registry.forget)

    def let_go(self, namespace: str, name: str) -> None:
        """Let go of the credential of a source that is gone."""
        self._credentials.let_go(namespace, name)

    async def resolve(self, namespace: str, spec: RepositorySpec) -> Resolved | Unresolved:
        """Find the source a Repository in `namespace` refers to and open its credential."""
        ref = spec.registry_ref
        if not _is_own(namespace, ref) and not await self._lets_in(namespace, ref):
            return _not_permitted()
        try:
            secret, source = await self._credentials.open(ref.namespace, ref.name)
        except NotFound:
            return _missing(namespace, ref)
        except Corrupt as corrupt:
            return Unresolved(Reason.InvalidSpec, corrupt.text) if _is_own(namespace, ref) else _not_permitted()
        if not sources.lets_in(secret, namespace):
            return _not_permitted()
        if sources.is_refused(secret):
            return Unresolved(Reason.CredentialRefused, reasons.explain(Reason.CredentialRefused).text)
        return Resolved(source, secret.metadata.uid, secret.metadata.generation, sources.is_verified(secret))

    async def _lets_in(self, namespace: str, ref: RegistryRef) -> bool:
        """Looked at before anything is opened: a source that is there and closed takes no longer than none."""
        try:
            stored = await self._store.get(REGISTRY_SECRET, ref.namespace, ref.name)
        except (NotFound, Corrupt):
            return False
        return sources.lets_in(REGISTRY_SECRET.decode(stored.body), namespace)

    async def fetch(
        self, source: Source, spec: RepositorySpec, held: Manifest | None, *, thrifty: bool = False
    ) -> Fetched:
        """One attempt: HEAD, then what is new by digest; `thrifty` leaves that for later while the pull quota is
        scarce. Never raises RegistryError. Stores nothing."""
        scope = self._registry.scope(source, spec.repository)
        try:
            head = await self._registry.head(source, spec.repository, spec.tag)
            if held is not None and held.digest and held.digest == head.digest:
                return _unchanged(source, held, head.quota, scope)
            if thrifty and head.quota is not None and head.quota.scarce:
                return _spared(source, head.quota)
            found = await self._registry.inspect(
                source,
                spec.repository,
                spec.tag,
                head,
                platform="" if spec.platform is UNSET else spec.platform,
                lookup=lambda digest: self._held(scope, digest),
            )
        except RegistryError as error:
            return _failed(source, error)
        contents = _contents(scope, found)
        return Fetched(
            Reason.Synced,
            _SYNCED,
            source.domain,
            found.manifest,
            digests=tuple(content.digest for content in contents),
            contents=contents,
            scope=scope,
            quota=found.quota or head.quota,
        )

    async def by_digest(self, source: Source, spec: RepositorySpec, digest: str) -> Content:
        """The manifest of a digest, asked for with this credential whatever is held for others; it and what it stands
        on are kept. Raises RegistryError, Unavailable."""
        head = Head(digest, "", None)
        found = await self._registry.inspect(source, spec.repository, spec.tag, head, platform="", lookup=_nothing_held)
        contents = _contents(self._registry.scope(source, spec.repository), found)
        asked = next((content for content in contents if content.digest == digest), None)
        if asked is None:  # the registry does not have it, and what the tag holds was read in its place
            raise RegistryError(Reason.TagNotFound, _DIGEST_NOT_FOUND)
        await asyncio.gather(*map(self._store.put_content, contents))
        return asked

    async def keep(self, fetched: Fetched) -> None:
        """Store the contents that were read, so that history can show them. Raises Unavailable."""
        if not fetched.contents:
            return  # as of nearly every sync; to await nothing is a turn of the event loop all the same
        await asyncio.gather(*map(self._store.put_content, fetched.contents))

    async def _held(self, scope: str, digest: str) -> Document | None:
        content = await self._store.get_content(scope, digest)
        return None if content is None else Document(content.digest, content.media_type, content.body)


_SYNCED = reasons.explain(Reason.Synced).text
_DIGEST_NOT_FOUND = Text("镜像仓库中没有该摘要", "the registry does not have this digest")


async def _nothing_held(_digest: str) -> None:
    return None


def _contents(scope: str, found: Inspection) -> tuple[Content, ...]:
    return tuple(Content(scope, each.digest, each.media_type, each.body) for each in found.documents)


def _is_own(namespace: str, ref: RegistryRef) -> bool:
    return namespace == ref.namespace


def _missing(namespace: str, ref: RegistryRef) -> Unresolved:
    if not _is_own(namespace, ref):
        return _not_permitted()
    text = Text(f"本命名空间中没有镜像源“{ref.name}”", f'there is no registry source "{ref.name}" in this namespace')
    return Unresolved(Reason.RegistryNotFound, text)


def _not_permitted() -> Unresolved:
    """The same words whether the source exists or not: nobody learns what is in another namespace."""
    return Unresolved(Reason.ReferenceNotPermitted, reasons.explain(Reason.ReferenceNotPermitted).text)


def _unchanged(source: Source, held: Manifest, quota: Quota | None, scope: str) -> Fetched:
    return Fetched(
        Reason.Synced,
        _SYNCED,
        source.domain,
        held,
        unchanged=True,
        digests=(held.digest,),
        scope=scope,
        quota=quota,
    )


def _spared(source: Source, quota: Quota) -> Fetched:
    said = Text(
        f"{source.domain} 的拉取配额即将用尽（剩余 {quota.remaining}/{quota.limit}），新的清单留待稍后拉取",
        f"the pull quota at {source.domain} is nearly used up ({quota.remaining} of {quota.limit} left); "
        "the new manifest is pulled later",
    )
    step = Text("手动同步会立即拉取", "a sync by request pulls it at once")
    share = None if quota.window is None else quota.window / 10
    words = reasons.advised(said, step)
    return Fetched(Reason.RateLimited, words, source.domain, retry_after=share, quota=quota, spared=True)


def _failed(source: Source, error: RegistryError) -> Fetched:
    return Fetched(
        error.reason,
        errors.advised(error),
        source.domain,
        retry_after=error.retry_after,
        quota=error.quota,
        unauthorized=error.unauthorized,
        elsewhere=error.elsewhere,
    )
