"""Which entry of an index stands for the image: the one asked for, else linux/amd64, else the first real one. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from imageyard.domain.kinds.repository import Platform
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import PlatformName
from imageyard.domain.text import Text
from imageyard.registry import RegistryError
from imageyard.registry.manifest import INDEXES, Child

DEFAULT: Final = PlatformName("linux", "amd64")
MAX_NAMED: Final = 20
"""Platforms that an error message lists."""


def candidates(children: Sequence[Child], wanted: PlatformName | None) -> list[Child]:
    """Children worth reading, best first. With `wanted` only those that fit it; entries that name no platform are
    of no use then. Attestations never."""
    real = [child for child in children if not child.attestation and child.descriptor.media_type not in INDEXES]
    named = [child for child in real if child.platform is not None]
    if wanted is not None:
        return sorted((child for child in named if fits(child.platform, wanted)), key=lambda c: c.platform != wanted)
    preferred = sorted(named, key=lambda child: _rank(child.platform))
    return preferred + [child for child in real if child.platform is None]


def fits(have: PlatformName | None, wanted: PlatformName) -> bool:
    """Whether a platform answers what was asked: `linux/amd64` is answered by `linux/amd64/v3`, not the reverse."""
    if have is None or (have.os, have.architecture) != (wanted.os, wanted.architecture):
        return False
    return wanted.variant in ("", have.variant)


def _rank(have: PlatformName | None) -> int:
    if have == DEFAULT:
        return 0
    return 1 if fits(have, DEFAULT) else 2


def nested(children: Iterable[Child]) -> list[Child]:
    """Indexes inside an index."""
    return [child for child in children if child.descriptor.media_type in INDEXES and not child.attestation]


def listed(children: Iterable[Child]) -> list[Platform]:
    """The platforms an index tells, without attestations and without sizes, which it does not tell."""
    return [
        Platform(
            os=child.platform.os,
            architecture=child.platform.architecture,
            variant=child.platform.variant,
            digest=child.descriptor.digest,
        )
        for child in children
        if child.platform is not None and not child.attestation and child.descriptor.media_type not in INDEXES
    ]


def missing(wanted: PlatformName, have: Iterable[Platform]) -> RegistryError:
    """The platform asked for is not there; the message names those that are."""
    names = list(dict.fromkeys(name(PlatformName(p.os, p.architecture, p.variant)) for p in have))
    shown = ", ".join(names[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else "")
    return RegistryError(
        Reason.UnsupportedManifest,
        Text(
            f"镜像没有平台 {name(wanted)}；可用的平台：{shown or '无'}",
            f"the image has no platform {name(wanted)}; available: {shown or 'none'}",
        ),
    )


def name(platform: PlatformName) -> str:
    return "/".join(part for part in platform if part)
