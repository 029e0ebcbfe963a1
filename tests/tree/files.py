"""The files of this repository: what is in the tree and not ignored."""

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_IGNORED: Final = [".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text().split())]


def files(below: Path = ROOT) -> Iterator[Path]:
    for path in sorted(below.iterdir()):
        name, placed = path.name, path.relative_to(ROOT).as_posix()
        if any(fnmatch(name, each) or placed == each for each in _IGNORED):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
