"""What an image's config tells: platform, time, history. And the config as it may be kept: without values of
environment variables and build arguments, which often are passwords. Pure.

Source: image-spec 1.1 config.md. In the wild every field may be absent or null.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from imageyard.domain import reference
from imageyard.domain.reasons import Reason
from imageyard.domain.reference import PlatformName
from imageyard.domain.text import Text
from imageyard.registry import errors, strictjson, timestamps

MAX_INSTRUCTION: Final = 1000
"""Characters of one instruction that are shown."""

_KEPT: Final = (
    "created", "author", "architecture", "os", "os.version", "os.features", "variant", "rootfs",
)  # fmt: skip
_KEPT_RUNTIME: Final = (
    "User", "ExposedPorts", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal", "ArgsEscaped",
    "Healthcheck", "Shell",
)  # fmt: skip
_KEPT_HISTORY: Final = ("created", "author", "comment", "empty_layer")

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,255}")
_NOP = re.compile(r"^/bin/sh -c #\(nop\)\s+")
_SETS = re.compile(r"^(?P<word>ENV|ARG)\s+(?P<rest>.*)$", re.DOTALL | re.IGNORECASE)
_WITH_ARGS = re.compile(r"^(?:RUN\s+)?\|\d+\s")
_SHELL = re.compile(r"\s(?:/\S*sh|\S*powershell\S*|cmd)(?:\s+[-/]\S+)*\s+(?:-c|-Command|/S /C)\s", re.IGNORECASE)


class Config(NamedTuple):
    """`instructions` are those of the history that made a layer, in order."""

    platform: PlatformName | None
    created: datetime | None
    instructions: tuple[str, ...]
    body: bytes
    """The config made again: known fields only, names of variables without values."""


def parse(body: bytes) -> Config:
    """Read a config; a config that was made again reads the same. Raises RegistryError (ManifestInvalid) for what
    is no JSON object."""
    try:
        document = strictjson.read(body)
    except strictjson.BadJSON:
        document = None
    if not isinstance(document, dict):
        raise errors.error(Reason.ManifestInvalid, Text("镜像配置不是有效的 JSON", "the image config is no valid JSON"))
    history = _history(document)
    return Config(
        _platform(document),
        timestamps.meaningful(document.get("created")),
        tuple(entry.get("created_by", "") for entry in history if entry.get("empty_layer") is not True),
        _encode(document, history),
    )


def instructions(config: Config, layers: int) -> tuple[str, ...]:
    """One instruction for each layer; all "" where the history does not fit the layers."""
    if len(config.instructions) != layers:
        return ("",) * layers
    return config.instructions


def _platform(document: Mapping[str, Any]) -> PlatformName | None:
    os, architecture, variant = (_word(document.get(key)) for key in ("os", "architecture", "variant"))
    return reference.normalise_platform(os, architecture, variant) if os and architecture else None


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _encode(document: Mapping[str, Any], history: list[dict[str, Any]]) -> bytes:
    # A list of what is kept, not of what is dropped: builders put arguments into fields of their own
    # (moby.buildkit.buildinfo), and Docker reads "env" as "Env".
    kept = _only(document, _KEPT)
    runtime = document.get("config")
    if isinstance(runtime, dict):
        kept["config"] = _only(runtime, _KEPT_RUNTIME) | {"Env": names(runtime.get("Env"))}
        if isinstance(runtime.get("OnBuild"), list):
            kept["config"]["OnBuild"] = [instruction(entry) for entry in runtime["OnBuild"] if isinstance(entry, str)]
    if history:
        kept["history"] = history
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _only(document: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: document[key] for key in keys if key in document}


def names(env: object) -> list[str]:
    """Names of environment variables, from `NAME=value` entries."""
    listed = env if isinstance(env, list) else []
    found = (entry.partition("=")[0] for entry in listed if isinstance(entry, str))
    return [name for name in found if _NAME.fullmatch(name)]


def _history(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = document.get("history")
    entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return [_only(entry, _KEPT_HISTORY) | _created_by(entry.get("created_by")) for entry in entries]


def _created_by(value: object) -> dict[str, str]:
    return {"created_by": instruction(value)} if isinstance(value, str) and value else {}


def instruction(text: str) -> str:
    """One Dockerfile instruction as builders record it, in one spelling and without values that may be secret.
    Reading the result again gives the result."""
    text = _NOP.sub("", text.strip()).removesuffix("# buildkit").strip()
    if _WITH_ARGS.match(text):
        shell = _SHELL.search(text)
        text = f"RUN {text[shell.end() :].strip()}" if shell else "RUN …"
    elif text.startswith("/bin/sh -c "):
        text = f"RUN {text.removeprefix('/bin/sh -c ').strip()}"
    sets = _SETS.match(text)
    if sets is not None:
        text = f"{sets['word'].upper()} {' '.join(_assigned(sets['rest']))}".strip()
    return text[:MAX_INSTRUCTION].rstrip()


def _assigned(rest: str) -> list[str]:
    """Names that `A=1 B="2 3"` or `A 1` sets. Builders record values without their quotes, so only the first word
    and words with "=" can be names, and whatever follows a "=" is a value."""
    words = rest.split()
    found = [words[0].partition("=")[0]] if words else []
    if words and "=" in words[0]:
        found += [word.partition("=")[0] for word in words[1:] if "=" in word]
    return [name for name in dict.fromkeys(found) if _NAME.fullmatch(name)]
