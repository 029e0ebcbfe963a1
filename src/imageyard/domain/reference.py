"""Image references: parse at the edge, then trust the type.

Sources: OCI distribution-spec 1.1 (name, tag, digest), distribution/reference (domain, lengths), Kubernetes object
names (DNS-1123). All patterns are ASCII and match the whole text.
"""

from typing import NamedTuple, NewType

from imageyard.domain.text import Text

Digest = NewType("Digest", str)


class InvalidReference(ValueError):
    """`text` says what is wrong and which part to drop or move, in both languages."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Domain(NamedTuple):
    """A registry's host, lower-case; `port` None when not given. IPv6 hosts keep their brackets."""

    host: str
    port: int | None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


class PlatformName(NamedTuple):
    """os/arch[/variant], normalised (aarch64 -> arm64, arm -> arm/v7, arm64/v8 -> arm64 …)."""

    os: str
    architecture: str
    variant: str = ""


def parse_domain(text: str) -> Domain:
    raise NotImplementedError


def parse_repository(text: str) -> str:
    """The path as written. Refuses tag, digest and domain inside, saying where they belong."""
    raise NotImplementedError


def parse_tag(text: str) -> str:
    raise NotImplementedError


def parse_digest(text: str) -> Digest:
    raise NotImplementedError


def parse_platform(text: str) -> PlatformName:
    raise NotImplementedError


def normalise_platform(os: str, architecture: str, variant: str) -> PlatformName:
    raise NotImplementedError


def is_subdomain(name: str) -> bool:
    """DNS-1123 subdomain, at most 253 characters."""
    raise NotImplementedError


def is_label(name: str) -> bool:
    """DNS-1123 label, at most 63 characters."""
    raise NotImplementedError


def is_docker_hub(domain: Domain) -> bool:
    """docker.io, index.docker.io, registry-1.docker.io."""
    raise NotImplementedError
