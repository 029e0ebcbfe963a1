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

MAX_RECORDED: Final = 4096
"""Characters of a recorded one that are looked at (heredocs are recorded whole)."""

MAX_RECORDED_IN_ALL: Final = 131_072
"""Characters of all instructions of one config; what comes after these is taken as unknown."""

MAX_HISTORY: Final = 2000
"""Steps of a history; builders make some hundreds at most. A longer one is taken as none."""

MAX_WRAPPED: Final = 10

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
_WITH_ARGS = re.compile(r"\|\d+\s")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_SPACED = re.compile(r"\S+")
_COMMAND_FLAG = re.compile(r"-\w*c|-command|/c", re.IGNORECASE)
_MOST_OPTIONS = 6
"""Words between a shell and the flag that its command follows."""
_BUILDKIT = "# buildkit"


class Config(NamedTuple):
    """`instructions` are those of the history that made a layer, in order."""

    platform: PlatformName | None
    created: datetime | None
    instructions: tuple[str, ...]
    body: bytes
    """The config made again: known fields only, names of variables without values."""


def key(digest: str) -> str:
    """Under which the remade config is held: its bytes do not hash to its digest, which another image's manifest may
    have too."""
    return f"config:{digest}"


def parse(body: bytes) -> Config:
    """Read a config; a config that was made again reads the same. Raises RegistryError (ManifestInvalid) for what
    is no JSON object."""
    try:
        document = strictjson.read(body)
    except strictjson.BadJSON:
        document = None
    if not isinstance(document, dict):
        raise errors.error(Reason.ManifestInvalid, Text("镜像配置不是有效的 JSON", "the image config is no valid JSON"))
    budget = _Budget()
    history = _history(document, budget)
    return Config(
        _platform(document),
        timestamps.meaningful(document.get("created")),
        tuple(entry.get("created_by", "") for entry in history if entry.get("empty_layer") is not True),
        _encode(document, history, budget),
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


class _Budget:
    """What one config may still have looked at: the cost of a config is bounded, whatever a stranger wrote into it."""

    def __init__(self) -> None:
        self._left = MAX_RECORDED_IN_ALL

    def instruction(self, recorded: str) -> str:
        """The instruction; "" when the budget is used up."""
        self._left -= min(len(recorded), MAX_RECORDED)
        return instruction(recorded) if self._left >= 0 else ""


def _encode(document: Mapping[str, Any], history: list[dict[str, Any]], budget: _Budget) -> bytes:
    # A list of what is kept, not of what is dropped: builders put arguments into fields of their own
    # (moby.buildkit.buildinfo), and Docker reads "env" as "Env".
    kept = _only(document, _KEPT)
    runtime = document.get("config")
    if isinstance(runtime, dict):
        kept["config"] = _only(runtime, _KEPT_RUNTIME) | {"Env": names(runtime.get("Env"))}
        if isinstance(runtime.get("OnBuild"), list):
            kept["config"]["OnBuild"] = [
                budget.instruction(entry) for entry in runtime["OnBuild"] if isinstance(entry, str)
            ]
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


def _history(document: Mapping[str, Any], budget: _Budget) -> list[dict[str, Any]]:
    listed = document.get("history")
    if not isinstance(listed, list) or len(listed) > MAX_HISTORY:
        return []
    entries = [entry for entry in listed if isinstance(entry, dict)]
    return [_only(entry, _KEPT_HISTORY) | _created_by(entry.get("created_by"), budget) for entry in entries]


def _created_by(value: object, budget: _Budget) -> dict[str, str]:
    said = budget.instruction(value) if isinstance(value, str) and value else ""
    return {"created_by": said} if said else {}


def instruction(text: str) -> str:
    """One Dockerfile instruction as builders record it, in one spelling and without values that may be secret.
    Reading the result again gives the result, so a kept config reads like the one it was made from."""
    text = text[:MAX_RECORDED]
    for _ in range(MAX_WRAPPED):
        plain = _plain(text)[:MAX_INSTRUCTION].rstrip()
        if plain == text:
            return text
        text = plain
    return "RUN …"


def _plain(text: str) -> str:
    """Take one layer of wrapping off."""
    text = _NOP.sub("", _printable(text))
    while text.endswith(_BUILDKIT):
        text = text.removesuffix(_BUILDKIT).rstrip()
    unshelled = text.removeprefix("RUN ").lstrip()
    if _WITH_ARGS.match(unshelled):
        return f"RUN {_command(unshelled) or '…'}"
    if unshelled.startswith("/bin/sh -c "):
        return f"RUN {unshelled.removeprefix('/bin/sh -c ').strip()}"
    sets = _SETS.match(text)
    return f"{sets['word'].upper()} {' '.join(_assigned(sets['rest']))}".strip() if sets else text


def _command(text: str) -> str:
    """What a shell is given to run: `/bin/sh -c …`, `/bin/bash -o pipefail -c …`, `powershell -Command …`,
    `cmd /S /C …`; "" when there is no shell. By words, since patterns that may begin anywhere take too long."""
    words = [*_SPACED.finditer(text)]
    for at, word in enumerate(words[1:], 2):
        if _is_shell(word[0].lower()):
            for flag in words[at : at + _MOST_OPTIONS + 1]:
                if _COMMAND_FLAG.fullmatch(flag[0]):
                    return text[flag.end() :].strip()
    return ""


def _is_shell(word: str) -> bool:
    return (word.startswith("/") and word.endswith("sh")) or "powershell" in word or word == "cmd"


def _printable(text: str) -> str:
    """One line that can be encoded: no control characters, no halves of surrogate pairs."""
    return _UNPRINTABLE.sub(" ", text).strip()


def _assigned(rest: str) -> list[str]:
    """`A=… B=…` for `A=1 B="2 3"`, and `A=…` for `A 1`. Builders record values without their quotes, so only the
    first word and words with "=" can be names, and whatever follows a "=" is a value."""
    first, *more = rest.split() or [""]
    if "=" not in first:
        return [f"{first}=…" if more else first] if _NAME.fullmatch(first) else []
    found = (word.partition("=")[0] for word in (first, *more) if "=" in word)
    return [f"{name}=…" for name in dict.fromkeys(found) if _NAME.fullmatch(name)]
