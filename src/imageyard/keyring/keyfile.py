"""Keys on disk: `keys/<id>.key`, one 32-byte key in hex each, and `keys/current`, the id of the sealing key.

Keys that seal nothing any more stay until they are dropped: a backup taken before a rotation is sealed under them.
"""

import hmac
import os
import secrets
from pathlib import Path

from imageyard.domain.errors import Conflict
from imageyard.domain.text import Text
from imageyard.keyring import KeyringError
from imageyard.keyring.keys import KEY_BYTES, Keys, NoKeys

_CURRENT = "current"
_SUFFIX = ".key"


class KeyFiles:
    """The keys of a directory, which this source makes itself. See `KeySource`."""

    name = "file"
    place = "the keys directory"
    remedy = "take it in with `imageyard keys import FILE`"

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def load(self) -> Keys:
        if not (self._directory / _CURRENT).exists():
            if present(self._directory):
                raise KeyringError(
                    f"{self._directory / _CURRENT} is missing, which names the key that seals new values; restore the "
                    "keys directory, or take in an export with `imageyard keys import FILE`"
                )
            raise NoKeys("there is no key yet")
        current = (self._directory / _CURRENT).read_text(encoding="ascii").strip()
        return Keys(current, {path.stem: _read(path) for path in self._directory.glob("*" + _SUFFIX)})

    def renewed(self) -> Keys:
        """With a new key; it is durable before anything can be sealed under it."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        key_id = secrets.token_hex(4)
        _write(self._directory / (key_id + _SUFFIX), secrets.token_bytes(KEY_BYTES).hex())
        _write(self._directory / _CURRENT, key_id)
        return self.load()

    def drop(self, key_id: str) -> bool:
        (self._directory / (key_id + _SUFFIX)).unlink(missing_ok=True)
        _sync(self._directory)
        return True

    def take_in(self, exported: bytes) -> int:
        """Add the keys of an export to those that are here; the current key stays, where there is one.
        Answers how many keys the export held. Raises KeyringError; Conflict, and nothing is written, where a key that
        is here would be lost."""
        keys = Keys.parse(exported)
        for key_id, key in keys.by_id.items():
            self._refuse_other(key_id, key)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for key_id, key in keys.by_id.items():
            _write(self._directory / (key_id + _SUFFIX), key.hex())
        if not (self._directory / _CURRENT).exists():
            _write(self._directory / _CURRENT, keys.current)
        return len(keys.by_id)

    def _refuse_other(self, key_id: str, key: bytes) -> None:
        path = self._directory / (key_id + _SUFFIX)
        if path.exists() and not hmac.compare_digest(_bytes(path), key):
            told = Text(
                f"{path} 与导出文件中的密钥“{key_id}”不同，未写入任何密钥；若以导出文件为准，请先移走该文件",
                f'{path} holds something else than the key "{key_id}" of the export, so no key was taken in; if the '
                "export is right, move that file away first",
            )
            raise Conflict("key", key_id, told)


def present(directory: Path) -> set[str]:
    """The ids of the keys that are there."""
    return {path.stem for path in directory.glob("*" + _SUFFIX)}


def _bytes(path: Path) -> bytes:
    """b"" for what is no key: it may be one that was damaged, and can be mended by hand."""
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        return b""


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
    _sync(path.parent)


def _sync(directory: Path) -> None:
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
