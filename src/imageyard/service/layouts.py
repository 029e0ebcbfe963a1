"""What a manifest that is held says about its parts, without reading them. Pure."""

from typing import NamedTuple

from imageyard.registry import RegistryError, manifest
from imageyard.registry.manifest import Image, Index, Parsed
from imageyard.store import Content


class Weight(NamedTuple):
    """What a pull brings: bytes of config and compressed layers, and the layers' digests in their order."""

    size: int
    layers: tuple[str, ...]


def entries(held: Content) -> frozenset[str]:
    """The digests that an index names; none of what is no index."""
    parsed = _parsed(held)
    return frozenset(child.descriptor.digest for child in parsed.children) if isinstance(parsed, Index) else frozenset()


def platform_of(held: Content, wanted: str) -> str:
    """The digest of the entry for a platform (`os/arch[/variant]`), else of the first one that names a platform; "" for
    what is no index."""
    parsed = _parsed(held)
    if not isinstance(parsed, Index):
        return ""
    real = [child for child in parsed.children if child.platform is not None and not child.attestation]
    chosen = [child for child in real if "/".join(filter(None, child.platform or ())) == wanted]
    return next((child.descriptor.digest for child in (*chosen, *real)), "")


def weight(held: Content) -> Weight | None:
    """None for an index, and for what no reader can make sense of."""
    parsed = _parsed(held)
    if parsed is None or isinstance(parsed, Index):
        return None
    size = manifest.total(parsed) if isinstance(parsed, Image) else parsed.size
    return Weight(size, tuple(layer.digest for layer in parsed.layers))


def _parsed(held: Content) -> Parsed | None:
    try:
        return manifest.parse(held.body, held.media_type)
    except RegistryError:
        return None
