"""What a registry held under a digest that an image's status or history names: manifest, config, layers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from imageyard.domain.errors import NotFound
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.repository import Layer, Repository
from imageyard.domain.secret import Secret
from imageyard.registry import config, manifest, origin, providers
from imageyard.registry.manifest import Artifact, Descriptor, Image
from imageyard.service import credentials
from imageyard.store import Content, Store


class _Line(msgspec.Struct, rename="camel"):
    """What is read of a line of sync history."""

    digest_before: str = ""
    digest_after: str = ""


async def describe(store: Store, image: Repository, history: Iterable[bytes], digest: str) -> Mapping[str, Any]:
    """`{"digest", "mediaType", "manifest", "config", "layers"}`; `config` is null and `layers` empty where the digest
    is an index. Raises NotFound for a digest that is not the image's, or is held no more."""
    if digest not in {*_of_status(image), *_of_history(history)}:
        raise NotFound("manifest", digest)
    scope = await _scope(store, image)
    held = await store.get_content(scope, digest)
    if held is None:
        raise NotFound("manifest", digest)
    parsed = manifest.parse(held.body, held.media_type)
    inner = await store.get_content(scope, config.key(parsed.config.digest)) if isinstance(parsed, Image) else None
    return {
        "digest": digest,
        "mediaType": held.media_type,
        "manifest": json.loads(held.body),
        "config": json.loads(inner.body) if inner else None,
        "layers": _layers(parsed.layers, inner) if isinstance(parsed, Image | Artifact) else [],
    }


def _of_status(image: Repository) -> Iterator[str]:
    if image.status.manifest is not None:
        yield image.status.manifest.digest
        yield from (platform.digest for platform in image.status.manifest.platforms)


def _of_history(history: Iterable[bytes]) -> Iterator[str]:
    for line in history:
        read = msgspec.json.decode(line, type=_Line)
        yield from (read.digest_before, read.digest_after)


async def _scope(store: Store, image: Repository) -> str:
    """The scope that the registry client's `scope` names. Contents are found as long as the source is there."""
    ref = image.spec.registry_ref
    stored = await store.get(REGISTRY_SECRET, ref.namespace, ref.name)
    home = origin.of(credentials.source_of(REGISTRY_SECRET.decode(stored.body), Secret(""), ""))
    return f"{home}/{providers.asked(home, image.spec.repository)}"


def _layers(layers: Sequence[Descriptor], inner: Content | None) -> list[Any]:
    said = config.instructions(config.parse(inner.body), len(layers)) if inner else [""] * len(layers)
    return [
        msgspec.to_builtins(Layer(layer.digest, str(layer.size), layer.media_type, instruction))
        for layer, instruction in zip(layers, said, strict=True)
    ]
