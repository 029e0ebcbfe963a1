"""The OCI distribution client: metadata only, never layers. Sources: OCI distribution-spec and image-spec 1.1,
the Docker registry token and challenge documents, RFC 9110 (challenges, redirects, Retry-After).

What sync and verify need of it is the `Registry` protocol below.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, Self

from imageyard.domain.kinds.repository import Manifest
from imageyard.domain.reasons import Reason
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text


@dataclass(frozen=True, slots=True)
class Source:
    """Where a registry is and who we are there. `credential` identifies the credential and its version: tokens
    are cached under it, so a rotated or foreign credential never meets another one's token."""

    domain: str
    provider: str
    username: str
    password: Secret
    credential: str
    insecure: bool = False
    skip_verify: bool = False
    ca_bundle: str = ""
    trusted_realm_hosts: tuple[str, ...] = ()


class Quota(NamedTuple):
    """Rate-limit headers as last seen (Docker Hub: `ratelimit-limit`, `ratelimit-remaining`). `window` in seconds."""

    limit: int | None
    remaining: int | None
    window: int | None = None

    @property
    def scarce(self) -> bool:
        """Whether less than a tenth is left: that is kept for what people ask for."""
        return self.limit is not None and self.remaining is not None and self.remaining * 10 < self.limit


class Head(NamedTuple):
    """What a tag answers to HEAD. `digest` is "" where the registry does not tell."""

    digest: str
    media_type: str
    quota: Quota | None


class Document(NamedTuple):
    """Raw bytes held under a digest whose hash was verified; or, under `config.key`, a config made again without the
    values of variables."""

    digest: str
    media_type: str
    body: bytes


class Inspection(NamedTuple):
    """Everything a tag's digest says: the status manifest and the documents it came from."""

    manifest: Manifest
    documents: tuple[Document, ...]
    quota: Quota | None


class Step(NamedTuple):
    """One step of a verify: address, tls, registry, login."""

    name: Literal["address", "tls", "registry", "login"]
    outcome: Literal["ok", "failed", "unproven", "skipped"]
    message: Text
    milliseconds: int


Told = Callable[[Step], None]
"""Hears of each step of a verify once, as soon as it is known, in order; what does not happen is told as skipped."""


def untold(step: Step) -> None:
    """Nobody waits for steps: the probe has them all in the end."""


class Probe(NamedTuple):
    """What a verify found. `reason` is Verified, AnonymousOnly or a failure; `elsewhere` tells that the failure is
    another host's than the source's."""

    success: bool
    reason: Reason
    message: Text
    steps: tuple[Step, ...]
    elsewhere: bool = False


class RegistryError(Exception):
    """A conversation that failed, in domain words. `message` is a sanitised sentence (no body, no URL query);
    `retry_after` in seconds when the registry named one; `quota` when it told one.
    `next_step` is what to do about it, where the reason's own advice is not the best; `elsewhere` tells that another
    host than the source's gave no answer (a token service, a redirect's target).
    `unauthorized` tells that the answer was a 401 after sign-in: the engine then asks verify whether the
    credential is refused or only this repository is out of sight."""

    def __init__(
        self,
        reason: Reason,
        message: Text,
        *,
        retry_after: float | None = None,
        quota: Quota | None = None,
        unauthorized: bool = False,
        next_step: Text | None = None,
        elsewhere: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {message.en}")
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.quota = quota
        self.unauthorized = unauthorized
        self.next_step = next_step
        self.elsewhere = elsewhere

    def bare(self) -> Self:
        """The same facts without where they were found: a traceback holds on to frames, and those to requests."""
        return type(self)(
            self.reason,
            self.message,
            retry_after=self.retry_after,
            quota=self.quota,
            unauthorized=self.unauthorized,
            next_step=self.next_step,
            elsewhere=self.elsewhere,
        )


Lookup = Callable[[str], Awaitable[Document | None]]
"""Answers a document already held for this registry origin and repository path, by digest."""


class Registry(Protocol):
    """Each call is one attempt, without retries: when to try again is the engine's decision."""

    async def head(self, source: Source, repository: str, tag: str) -> Head:
        """Ask which digest the tag has: one HEAD in the steady state. Raises RegistryError."""

    async def inspect(
        self, source: Source, repository: str, tag: str, head: Head, *, platform: str, lookup: Lookup
    ) -> Inspection:
        """Read what the digest holds, fetching only documents that `lookup` does not answer.
        `platform` is "" for the default. Raises RegistryError."""

    async def probe(self, source: Source, told: Told = untold) -> Probe:
        """Test address, TLS, registry and login without touching a repository. Never raises RegistryError."""

    def scope(self, source: Source, repository: str) -> str:
        """Name of the sharing scope: registry origin + repository path as asked."""

    def host(self, source: Source) -> str:
        """`host:port` the pace is kept for (Docker Hub's aliases are one host)."""

    def forget(self, credential: str) -> None:
        """Drop cached tokens of a credential."""
