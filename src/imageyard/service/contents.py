"""What a manifest that is held tells: its own JSON, its config, its layers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from imageyard.domain.errors import Corrupt
from imageyard.domain.kinds.repository import Layer
from imageyard.domain.text import Text
from imageyard.registry import RegistryError, config, manifest
from imageyard.registry.manifest import Artifact, Descriptor, Image, Parsed
from imageyard.store import Content, Store


async def describe(store: Store, held: Content) -> Mapping[str, Any]:
    """`{"digest", "mediaType", "manifest", "config", "layers"}`; `config` is null and `layers` empty where the manifest
    is an index. Raises Corrupt for what no reader can make sense of, which an earlier version may have kept."""
    try:
        parsed = manifest.parse(held.body, held.media_type)
        inner = await _config(store, held.scope, parsed)
    except RegistryError:
        raise Corrupt(Text(f"{held.digest} 的内容无法解析", f"the content of {held.digest} cannot be read")) from None
    return {
        "digest": held.digest,
        "mediaType": held.media_type,
        "manifest": json.loads(held.body),
        "config": json.loads(inner.body) if inner else None,
        "layers": _layers(parsed.layers, inner) if isinstance(parsed, Image | Artifact) else [],
    }


async def _config(store: Store, scope: str, parsed: Parsed) -> Content | None:
    if not isinstance(parsed, Image):
        return None
    inner = await store.get_content(scope, config.key(parsed.config.digest))
    if inner is not None:
        config.parse(inner.body)
    return inner


def _layers(layers: Sequence[Descriptor], inner: Content | None) -> list[Any]:
    said = config.instructions(config.parse(inner.body), len(layers)) if inner else [""] * len(layers)
    return [
        msgspec.to_builtins(Layer(layer.digest, str(layer.size), layer.media_type, instruction))
        for layer, instruction in zip(layers, said, strict=True)
    ]
