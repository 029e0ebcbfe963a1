"""Fetch what a spec names: find the source, check the reference, talk to the registry. Used by sync and preview."""

from typing import NamedTuple

from imageyard.domain.kinds.repository import Manifest, RepositorySpec
from imageyard.domain.reasons import Reason
from imageyard.domain.text import Text
from imageyard.registry import Quota, Source


class Resolved(NamedTuple):
    """A reference that may be used. `generation` and `uid` are the RegistrySecret's."""

    source: Source
    uid: str
    generation: int


class Unresolved(NamedTuple):
    """Why a reference cannot be used: RegistryNotFound, ReferenceNotPermitted, CredentialRefused."""

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
    retry_after: float | None = None
    quota: Quota | None = None


class Fetcher:
    async def resolve(self, namespace: str, spec: RepositorySpec) -> Resolved | Unresolved:
        """Find the source a Repository in `namespace` refers to and open its credential."""
        raise NotImplementedError

    async def fetch(self, source: Source, spec: RepositorySpec, held: Manifest | None) -> Fetched:
        """One attempt: HEAD, then what is new by digest. Never raises RegistryError. Contents are stored."""
        raise NotImplementedError
