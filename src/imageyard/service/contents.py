"""What a manifest that is held tells: its own JSON, its config, its layers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from imageyard.domain.kinds.repository import Layer
from imageyard.registry import config, manifest
from imageyard.registry.manifest import Artifact, Descriptor, Image
from imageyard.store import Content, Store


async def describe(store: Store, held: Content) -> Mapping[str, Any]:
    """`{"digest", "mediaType", "manifest", "config", "layers"}`; `config` is null and `layers` empty where the manifest
    is an index."""
    parsed = manifest.parse(held.body, held.media_type)
    inner = await store.get_content(held.scope, config.key(parsed.config.digest)) if isinstance(parsed, Image) else None
    return {
        "digest": held.digest,
        "mediaType": held.media_type,
        "manifest": json.loads(held.body),
        "config": json.loads(inner.body) if inner else None,
        "layers": _layers(parsed.layers, inner) if isinstance(parsed, Image | Artifact) else [],
    }


def _layers(layers: Sequence[Descriptor], inner: Content | None) -> list[Any]:
    said = config.instructions(config.parse(inner.body), len(layers)) if inner else [""] * len(layers)
    return [
        msgspec.to_builtins(Layer(layer.digest, str(layer.size), layer.media_type, instruction))
        for layer, instruction in zip(layers, said, strict=True)
    ]
