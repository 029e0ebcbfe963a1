"""From a tag's digest to the manifest that a status shows: which child, which config, which sizes."""

from collections.abc import Sequence
from typing import Final

from imageyard.domain import size
from imageyard.domain.kinds.repository import Layer, Manifest, Platform
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import PlatformName
from imageyard.domain.text import Text
from imageyard.registry import Head, Inspection, config, errors, manifest, platforms, reading
from imageyard.registry.config import Config
from imageyard.registry.manifest import Artifact, Child, Descriptor, Image, Index
from imageyard.registry.reading import Read, Reading

MAX_NESTING: Final = 2
"""Indexes inside an index that are descended into."""
MAX_TRIES: Final = 3
"""Children of a sparse index that are tried: on Docker Hub each one counts as a pull."""


async def inspect(reader: Reading, head: Head, tag: str, wanted: PlatformName | None) -> Inspection:
    """Read what the tag holds. Raises RegistryError."""
    top = await reader.top(head.digest, tag)
    match top.parsed:
        case Index():
            found = await _of_index(reader, top.digest, top.parsed, wanted)
        case Image():
            found = _of_image(top.digest, top.parsed, await reader.config(top.parsed.config))
            _check_platform(found, wanted)
        case Artifact():
            found = _of_artifact(top.digest, top.parsed)
    return Inspection(found, tuple(reader.documents), reader.quota or head.quota)


async def _of_index(reader: Reading, digest: str, index: Index, wanted: PlatformName | None) -> Manifest:
    children = await _flatten(reader, index)
    listed = platforms.listed(children)
    candidates = platforms.candidates(children, wanted)
    if wanted is not None and not candidates:
        raise platforms.missing(wanted, listed)
    for child in candidates[:MAX_TRIES]:
        try:
            read = await reader.child(child.descriptor)
        except reading.Missing:
            continue
        return _joined(digest, index, child, await _of_child(reader, read), listed)
    bare = _bare(digest, index, listed)
    return _place(bare, candidates[0].platform) if candidates else bare


async def _of_child(reader: Reading, read: Read) -> Manifest:
    match read.parsed:
        case Image():
            return _of_image(read.digest, read.parsed, await reader.config(read.parsed.config))
        case Artifact():
            return _of_artifact(read.digest, read.parsed)
        case Index():
            raise errors.error(
                Reason.ManifestInvalid,
                Text("索引中的镜像清单实际是另一个索引", "an image listed by the index is an index itself"),
            )


async def _flatten(reader: Reading, index: Index) -> list[Child]:
    """The children, those of nested indexes included: each once, in order, bounded in depth and number."""
    found: dict[str, Child] = {}
    level: Sequence[Child] = index.children
    for depth in range(MAX_NESTING + 1):
        found |= {child.descriptor.digest: child for child in level if child.descriptor.digest not in found}
        if len(found) > manifest.MAX_CHILDREN:
            raise errors.error(Reason.ManifestInvalid, Text("索引的子项过多", "the index has too many entries"))
        inner = platforms.nested(level)
        if not inner or depth == MAX_NESTING:
            break
        level = [child for entry in inner[:MAX_TRIES] for child in await _inside(reader, entry)]
    return list(found.values())


async def _inside(reader: Reading, entry: Child) -> tuple[Child, ...]:
    try:
        read = await reader.child(entry.descriptor)
    except reading.Missing:
        return ()
    return read.parsed.children if isinstance(read.parsed, Index) else ()


def _of_image(digest: str, image: Image, read: Config | None) -> Manifest:
    total = manifest.total(image)
    said = config.instructions(read, len(image.layers)) if read else ("",) * len(image.layers)
    found = Manifest(
        digest=digest,
        media_type=image.media_type,
        size=size.human(total),
        size_bytes=total,
        created=(read.created if read else None) or image.created,
        layers=_layers(image.layers, said),
    )
    platform = read.platform if read else None
    if platform is None:
        return found
    found.platforms = [Platform(platform.os, platform.architecture, platform.variant, digest, total)]
    return _place(found, platform)


def _of_artifact(digest: str, artifact: Artifact) -> Manifest:
    return Manifest(
        digest=digest,
        media_type=artifact.media_type,
        size=size.human(artifact.size),
        size_bytes=artifact.size,
        created=artifact.created,
        layers=_layers(artifact.layers, ("",) * len(artifact.layers)),
        artifact_type=artifact.artifact_type,
    )


def _layers(layers: Sequence[Descriptor], instructions: Sequence[str]) -> list[Layer]:
    return [
        Layer(digest=layer.digest, size=str(layer.size), media_type=layer.media_type, instruction=instruction)
        for layer, instruction in zip(layers, instructions, strict=True)
    ]


def _bare(digest: str, index: Index, listed: list[Platform]) -> Manifest:
    """An index of which no child could be read: what it tells by itself."""
    return Manifest(
        digest=digest,
        media_type=index.media_type,
        created=index.created,
        platforms=listed,
        artifact_type=index.artifact_type,
    )


def _joined(digest: str, index: Index, child: Child, read: Manifest, listed: list[Platform]) -> Manifest:
    """The chosen child under the index's digest. The index's word on the platform counts: by it it was chosen."""
    for platform in listed:
        if platform.digest == child.descriptor.digest:
            platform.size_bytes = read.size_bytes
    read.platforms = listed or read.platforms
    read.digest, read.media_type = digest, index.media_type
    read.created = read.created or index.created
    return _place(read, child.platform) if child.platform else read


def _place(found: Manifest, platform: PlatformName | None) -> Manifest:
    if platform is not None:
        found.os, found.architecture, found.variant = platform
    return found


def _check_platform(found: Manifest, wanted: PlatformName | None) -> None:
    """A single image has the one platform its config tells; one that tells none is taken as it is."""
    if wanted is not None and found.os:
        have = PlatformName(found.os, found.architecture, found.variant)
        if not platforms.fits(have, wanted):
            raise platforms.missing(wanted, found.platforms)
