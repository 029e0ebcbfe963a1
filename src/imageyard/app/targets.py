"""Where a command may write a file of its own: nowhere that a server keeps its own."""

import errno
from pathlib import Path
from typing import Final

from imageyard.app.files import DataDir
from imageyard.store import lock
from imageyard.store.sqlite import connection

_OURS: Final = frozenset(
    {"admin-token", "audit", "config.toml", "keys", "kubeconfig", "ports.json", "sample.json", "tls"}
)
"""What is refused also where it is not there yet: a server would take it for its own."""


def kept_by(target: Path, directory: DataDir) -> Path | None:
    """The data directory in which `target` would replace something: this one, or another server's. None when there is
    none. Raises OSError."""
    present = target.exists() or target.is_symlink()
    # A link is replaced where it lies, and what it leads to is looked at as well: either may be a server's.
    for file in {_real(target.parent) / target.name, _real(target)}:
        for parent in file.parents:
            keeps = _is_data_directory(parent) or parent == directory.path.resolve()
            if keeps and (present or _is_ours(file.relative_to(parent))):
                return parent
    return directory.path if _is_another_name(target, directory.path) else None


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(errno.ELOOP, "its links lead in a circle", str(path)) from error


def _is_data_directory(path: Path) -> bool:
    """A directory of backups may hold the one file, never both."""
    return (path / connection.FILE).exists() and (path / lock.FILE).exists()


def _is_ours(file: Path) -> bool:
    first = file.parts[0]
    return first in _OURS or first == lock.FILE or first.startswith(connection.FILE)


def _is_another_name(target: Path, directory: Path) -> bool:
    """Whether it is a file of the directory by another name (a hard link)."""
    if not target.is_file() or target.stat().st_nlink == 1:
        return False
    return any(file.is_file() and file.samefile(target) for file in directory.rglob("*"))
