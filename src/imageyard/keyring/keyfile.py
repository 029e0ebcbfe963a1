"""Keys on disk: `keys/<id>.key`, one 32-byte key in hex each, and `keys/current`, the id of the sealing key.

Retired keys stay: a backup taken before a rotation is sealed under them.
"""

import json
import os
import re
import secrets
from pathlib import Path

from imageyard.keyring import KeyringError
from imageyard.keyring.aead import KEY_BYTES, AeadKeyring

_CURRENT = "current"
_SUFFIX = ".key"
_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


def load(directory: Path) -> AeadKeyring:
    """Read the keys of `directory`, making the first one where there is none. Raises KeyringError."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (directory / _CURRENT).exists():
        if present(directory):
            raise KeyringError(
                f"{directory / _CURRENT} is missing, which names the key that seals new values; restore the keys "
                "directory, or take in an export with `imageyard keys import FILE`"
            )
        generate(directory)
    current = (directory / _CURRENT).read_text(encoding="ascii").strip()
    return AeadKeyring({path.stem: _read(path) for path in directory.glob("*" + _SUFFIX)}, current)


def present(directory: Path) -> set[str]:
    """The ids of the keys that are there."""
    return {path.stem for path in directory.glob("*" + _SUFFIX)}


def generate(directory: Path) -> tuple[str, bytes]:
    """Make a new key and name it current; the key is durable before anything can be sealed under it."""
    key_id, key = secrets.token_hex(4), secrets.token_bytes(KEY_BYTES)
    _write(directory / (key_id + _SUFFIX), key.hex())
    _write(directory / _CURRENT, key_id)
    return key_id, key


def export(directory: Path) -> bytes:
    """All keys as one JSON document: `{"current": id, "keys": {id: hex}}`. Raises KeyringError."""
    load(directory)
    current = (directory / _CURRENT).read_text(encoding="ascii").strip()
    keys = {path.stem: _read(path).hex() for path in sorted(directory.glob("*" + _SUFFIX))}
    return json.dumps({"current": current, "keys": keys}, indent=2).encode() + b"\n"


def take_in(directory: Path, exported: bytes) -> int:
    """Add the keys of an export to those of `directory`; the current key stays, where there is one.
    Answers how many keys the export held. Raises KeyringError."""
    try:
        document = json.loads(exported)
        keys = {str(key_id): bytes.fromhex(text) for key_id, text in document["keys"].items()}
        current = str(document["current"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyringError("the file is no export of imageyard keys") from None
    AeadKeyring(keys, current)
    if not all(_ID.fullmatch(key_id) for key_id in keys):
        raise KeyringError("the file is no export of imageyard keys")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for key_id, key in keys.items():
        _write(directory / (key_id + _SUFFIX), key.hex())
    if not (directory / _CURRENT).exists():
        _write(directory / _CURRENT, current)
    return len(keys)


def _read(path: Path) -> bytes:
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, OSError):
        raise KeyringError(f"{path} does not hold a key of {KEY_BYTES} bytes in hex", path.stem) from None


def _write(path: Path, text: str) -> None:
    """Replace a file atomically and durably, readable by its owner only."""
    temporary = path.with_name(path.name + ".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
