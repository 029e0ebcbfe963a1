"""Worlds: data directories that are filled with images. To fill one is dear, so each is filled once and copied for
whoever writes; with `--world DIR` it stays for the next run.
"""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from bench import filling, kept, product
from bench.kept import Kept
from bench.product import Product
from imageyard.store.sqlite.connection import FILE
from imageyard.store.sqlite.schema import MIGRATIONS

_STAMP: Final = "world.json"
_MADE_AS: Final = 1
"""Moves when images are made otherwise, so that a kept world of before is filled anew."""


class Filled(NamedTuple):
    """What a filled directory holds. `seconds` is what it took to fill it."""

    images: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        rate = f", {self.images / self.seconds:,.0f}/s" if self.seconds else ""
        return f"{self.images:,} images, {self.bytes / 2**20:,.0f} MiB, filled in {self.seconds:.1f} s{rate}"


class Worlds:
    """Of one run: `kept` is where they stay for the next one, None to drop them; `scratch` is for this run only."""

    def __init__(self, kept: Path | None, scratch: Path) -> None:
        self._home = kept or scratch
        self._scratch = scratch
        self.filled: dict[int, Filled] = {}

    @contextmanager
    def copy(self, images: int) -> Iterator[Path]:
        """A data directory with so many images that the block may do with as it likes."""
        source = self._filled(images)
        with tempfile.TemporaryDirectory(dir=self._scratch, ignore_cleanup_errors=True) as folder:
            subprocess.run(["cp", "--reflink=auto", str(source / FILE), folder], check=True)
            yield Path(folder)

    @contextmanager
    def serving(self, images: int, *flags: str) -> Iterator[Product]:
        """A server on a copy of its own."""
        with self.copy(images) as folder, product.running(folder, *flags) as server:
            yield server

    @contextmanager
    def keeping(self, images: int, interval: int) -> Iterator[Kept]:
        """A server that keeps a copy of its own in sync; `interval` in seconds."""
        with self.copy(images) as folder, kept.keeping(folder, images, interval) as world:
            yield world

    def _filled(self, images: int) -> Path:
        directory = self._home / f"{images}-images"
        if images not in self.filled:
            self.filled[images] = _told(directory, images) or _fill(directory, images)
        return directory


def _told(directory: Path, images: int) -> Filled | None:
    """What a directory of an earlier run says it holds, if that is what is wanted now."""
    try:
        stamp = json.loads((directory / _STAMP).read_text())
    except (OSError, ValueError):
        return None
    return Filled(**stamp["filled"]) if stamp["made"] == _made(images) else None


def _made(images: int) -> dict[str, object]:
    return {"as": _MADE_AS, "images": images, "schema": MIGRATIONS[-1][0]}


def _fill(directory: Path, images: int) -> Filled:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    begun = time.perf_counter()
    asyncio.run(filling.fill(directory, images))
    filled = Filled(images, time.perf_counter() - begun, (directory / FILE).stat().st_size)
    (directory / _STAMP).write_text(json.dumps({"made": _made(images), "filled": filled._asdict()}))
    return filled
