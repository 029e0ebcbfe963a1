"""The data directory: which file is what, and how each is written (whole or not at all, for the owner only)."""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from imageyard.domain.errors import Corrupt
from imageyard.domain.secret import Secret
from imageyard.domain.text import Text
from imageyard.keyring import keyfile
from imageyard.service import tokens

_SHORTEST: Final = 32
_TOKEN: Final = re.compile(rf"[!-~]{{{_SHORTEST},}}")


class Unreachable(Exception):
    """A server is said to run on this data directory and does not answer."""


class Ports(NamedTuple):
    """What `ports.json` tells while the server runs; `http` None when only HTTPS is offered."""

    http: int | None
    https: int


class DataDir:
    """Where everything lies in the data directory. Scripts of others rely on these names."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "imageyard.db"
        self.keys = path / "keys"
        self.tls = path / "tls"
        self.admin_token = path / "admin-token"
        self.kubeconfig = path / "kubeconfig"
        self.ports = path / "ports.json"
        self.audit = path / "audit"

    def make(self) -> None:
        """Create the directory, for the owner only."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def refuse_emptied(self) -> None:
        """A database without a byte is a new one only where nothing else is left of an old one: SQLite would make it
        anew, and all objects would be gone without a word. Raises Corrupt."""
        if not self.database.exists() or self.database.stat().st_size:
            return
        log = self.database.with_name(f"{self.database.name}-wal")
        used = keyfile.present(self.keys) or self.admin_token.exists()
        if used or (log.exists() and log.stat().st_size):
            raise Corrupt(
                Text(
                    f"{self.database} 是空文件，而该目录曾被使用过；请用 `imageyard restore FILE` 恢复备份",
                    f"{self.database} is empty, though this directory was in use; put a backup back with "
                    "`imageyard restore FILE`",
                )
            )


def write_private(path: Path, data: bytes) -> None:
    """Replace a file atomically and durably, mode 0600."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def admin_token(directory: DataDir) -> Secret:
    """Read the bootstrap token, making it on the first start. Raises OSError for one that somebody may guess, or that
    no header carries."""
    with contextlib.suppress(FileNotFoundError):
        text = directory.admin_token.read_text(encoding="ascii", errors="replace").strip()
        if text:
            return _strong(directory.admin_token, text)
    token = tokens.generate()
    write_private(directory.admin_token, f"{token.reveal()}\n".encode())
    return token


def _strong(file: Path, text: str) -> Secret:
    if not _TOKEN.fullmatch(text):
        raise OSError(
            f"{file} does not hold a token of {_SHORTEST} characters or more, all visible ASCII, without white space "
            "inside; delete the file, and start again: a new one is made"
        )
    return Secret(text)


@contextlib.contextmanager
def announced(directory: DataDir, ports: Ports) -> Iterator[None]:
    """Tell the ports in use for as long as the block runs."""
    write_private(directory.ports, json.dumps(ports._asdict()).encode() + b"\n")
    try:
        yield
    finally:
        directory.ports.unlink(missing_ok=True)


def ports_in_use(directory: DataDir) -> Ports | None:
    """Read what a running server announced; None when there is no announcement (it may be a dead server's)."""
    try:
        values = json.loads(directory.ports.read_bytes())
        return Ports(values["http"], values["https"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
