"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from imageyard import settings
from imageyard.app.files import DataDir
from imageyard.settings import Settings

DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="The data directory.", envvar="IMAGEYARD_DATA_DIR")
]


def read(**flags: Any) -> Settings:
    """Read settings with these flags first. Raises InvalidSettings."""
    config = flags.pop("config", None)
    return settings.load(flags, os.environ, config)[0]


def existing(data_dir: Path | None) -> DataDir:
    """The data directory of a server that has run at least once. Raises OSError with the fix."""
    directory = DataDir(read(data_dir=data_dir).data_dir)
    if not directory.database.exists():
        raise FileNotFoundError(f"no imageyard database in {directory.path}; name the directory with --data-dir")
    return directory
