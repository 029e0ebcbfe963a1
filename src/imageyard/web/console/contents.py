"""What is inside an image: its layers as a picture and a table, and what its config says. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imageyard.domain import size
from imageyard.domain.kinds.repository import Layer, Manifest, Platform
from imageyard.web.console import charts
from imageyard.web.console.charts import Part

INSTRUCTIONS: Final = 16_000
"""Characters of instructions on one page; each is cut to its share where they are many."""
LEAST_SHOWN: Final = 80
EMPTY: Final = frozenset(
    {
        "sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4",
        "sha256:4f4fb700ef54461cfa02571ae0db9a0dc1e0cdb5577484a6d75e68dc38e8acc1",
    }
)
"""Digests of compressed archives without a file in them, as builders write them for steps that change none."""


@dataclass(frozen=True, slots=True)
class LayerRow:
    """A layer; or, with the number 0 and no digest, a step of the build that made none."""

    number: int
    digest: str
    size: str
    bytes: int
    share: float
    """Percent of all layers."""
    cumulative: float
    """Percent of all layers up to this one."""
    sum: str
    """The size of all layers up to this one."""
    instruction: str
    part: Part | None
    empty: bool = False
    """Whether there is no file in it."""


@dataclass(frozen=True, slots=True)
class ConfigShown:
    """The runtime part of an image's config. Variables go by their names: values may be secrets and are not kept."""

    user: str
    working_dir: str
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: tuple[str, ...]
    ports: tuple[str, ...]
    volumes: tuple[str, ...]
    stop_signal: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PlatformRow:
    name: str
    digest: str
    size: str
    chosen: bool
    """Whether it is the one whose layers are shown."""


def layers(held: Sequence[Layer]) -> tuple[LayerRow, ...]:
    sizes = [int(layer.size) if layer.size.isdigit() else 0 for layer in held]
    total, parts, sum_, rows = sum(sizes) or 1, charts.stacked(sizes), 0, []
    for place, (layer, bytes_) in enumerate(zip(held, sizes, strict=True)):
        sum_ += bytes_
        rows.append(
            LayerRow(
                place + 1,
                layer.digest,
                size.human(bytes_),
                bytes_,
                round(100 * bytes_ / total, 1),
                round(100 * sum_ / total, 1),
                size.human(sum_),
                _cut(layer.instruction, len(held)),
                parts[place] if parts else None,
                layer.digest in EMPTY,
            )
        )
    return tuple(rows)


def read_layers(documents: Sequence[Mapping[str, Any]], config: object = None) -> tuple[LayerRow, ...]:
    """The layers of a manifest that was read by its digest; between them the steps that made none, where the history
    of its config tells of them."""
    found = layers([Layer(each["digest"], each["size"], instruction=each.get("instruction", "")) for each in documents])
    history = config.get("history") if isinstance(config, Mapping) else None
    steps = [each for each in history if isinstance(each, Mapping)] if isinstance(history, list) else []
    made = [each.get("empty_layer") is not True for each in steps]
    if made.count(True) != len(found):
        return found
    layers_, sum_, rows = iter(found), 0.0, []
    for step, has_layer in zip(steps, made, strict=True):
        if has_layer:
            rows.append(next(layers_))
            sum_ = rows[-1].cumulative
        else:
            said = _cut(_text(step.get("created_by")), len(steps))
            rows.append(LayerRow(0, "", "", 0, 0.0, sum_, "", said, None, empty=True))
    return tuple(rows)


def _cut(instruction: str, steps: int) -> str:
    most = max(LEAST_SHOWN, INSTRUCTIONS // max(steps, 1))
    return instruction if len(instruction) <= most else instruction[: most - 1] + "…"


def platforms(manifest: Manifest, chosen: str) -> tuple[PlatformRow, ...]:
    """`chosen` is the digest of the platform whose layers are shown."""
    return tuple(
        PlatformRow(
            platform_name(each),
            each.digest,
            size.human(each.size_bytes) if each.size_bytes is not None else "",
            each.digest == chosen,
        )
        for each in manifest.platforms
    )


def platform_name(platform: Platform | Manifest) -> str:
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


def named_platform(document: Mapping[str, Any]) -> str:
    """The platform that a config names."""
    return "/".join(filter(None, (_text(document.get(key)) for key in ("os", "architecture", "variant"))))


def own_digest(manifest: Manifest) -> str:
    """The digest of the manifest whose layers the status holds: of the chosen platform, where the tag names an
    index."""
    wanted = (manifest.os, manifest.architecture, manifest.variant)
    for each in manifest.platforms:
        if each.digest and (each.os, each.architecture, each.variant) == wanted:
            return each.digest
    return manifest.digest


def config(document: Mapping[str, Any] | None) -> ConfigShown | None:
    """Nothing of a foreign document is trusted to have its shape."""
    runtime = (document or {}).get("config")
    if not isinstance(runtime, Mapping):
        return None
    return ConfigShown(
        _text(runtime.get("User")),
        _text(runtime.get("WorkingDir")),
        _texts(runtime.get("Entrypoint")),
        _texts(runtime.get("Cmd")),
        tuple(entry.partition("=")[0] for entry in _texts(runtime.get("Env"))),
        _keys(runtime.get("ExposedPorts")),
        _keys(runtime.get("Volumes")),
        _text(runtime.get("StopSignal")),
        _pairs(runtime.get("Labels")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _keys(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Mapping) else ()


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    return tuple((str(key), _text(said)) for key, said in value.items()) if isinstance(value, Mapping) else ()
