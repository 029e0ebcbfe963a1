"""What of the data directory holds secrets is for its owner alone: looked at before every start, and tightened."""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path

import structlog

from imageyard.app.files import DataDir

_OTHERS = stat.S_IRWXG | stat.S_IRWXO

log = structlog.get_logger()


def tighten(directory: DataDir) -> None:
    """Take from everybody else what they may do with a file or directory that holds secrets, and warn of each. One of
    another owner, on a read-only mount, or behind a link is warned of only."""
    for path in _secret(directory):
        with contextlib.suppress(FileNotFoundError):  # a link that leads nowhere, or gone meanwhile
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _OTHERS:
                _take_away(path, mode)


def _secret(directory: DataDir) -> Iterator[Path]:
    place = directory.path
    yield from (place / name for name in ("admin-token", "kubeconfig", "sample.json"))
    yield from place.glob(f"{directory.database.name}*")
    yield from directory.tls.glob("*.key")
    for folder in (directory.keys, directory.audit):
        yield folder
        yield from folder.glob("*")


def _take_away(path: Path, mode: int) -> None:
    problem = "it is a symbolic link"
    # What a link leads to is somebody else's to say: it may be any file of this machine.
    if not path.is_symlink():
        try:
            path.chmod(mode & ~_OTHERS)
        except OSError as error:
            problem = error.strerror or type(error).__name__
        else:
            log.warning("permissions_tightened", path=str(path), mode=f"{mode:04o}")
            return
    log.warning(
        "permissions_loose", path=str(path), mode=f"{mode:04o}", problem=problem, remedy="let its owner alone read it"
    )
