"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer

from imageyard import settings
from imageyard.app import targets
from imageyard.app.files import DataDir
from imageyard.cli import exits
from imageyard.settings import Settings


def setting(name: str, *declared: str) -> Any:
    """The option of a setting: what it is for, what it may be and its default are told once, in Settings."""
    about, default = next((about, default) for key, _, default, about in settings.describe() if key == name)
    wanted: Any = Settings.__annotations__[name]
    choices = "|".join(get_args(wanted)) if get_origin(wanted) is Literal else None
    told = f"{about} (default: {default.strip('()')})" if default and wanted is not bool else about
    return typer.Option(*declared, help=told, metavar=choices)


DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="The data directory (or IMAGEYARD_DATA_DIR).")]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings file (default: config.toml in the data directory).")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if there is one.")]


def read(**flags: Any) -> Settings:
    """Read settings with these flags first. Raises InvalidSettings."""
    return read_with_origins(**flags)[0]


def read_with_origins(**flags: Any) -> tuple[Settings, dict[str, str]]:
    """The same, and by name where each came from."""
    config = flags.pop("config", None)
    return settings.load(flags, os.environ, config)


def used(data_dir: Path | None, config: Path | None = None) -> Settings:
    """The settings of a server that has run at least once. Raises InvalidSettings; OSError with the fix."""
    settings = read(data_dir=data_dir, config=config)
    directory = DataDir(settings.data_dir)
    if not directory.database.exists():
        raise FileNotFoundError(f"no imageyard database in {directory.path}; name the directory with --data-dir")
    return settings


def existing(data_dir: Path | None) -> DataDir:
    """The data directory of such a server. Raises the same."""
    return DataDir(used(data_dir).data_dir)


def target(file: Path, directory: DataDir, *, force: bool) -> Path:
    """A file that may be written: there is none yet, or it may be replaced. Leaves when it may not: what a server has
    in its data directory is never replaced."""
    keeper = targets.kept_by(file, directory)
    if keeper is not None:
        told = f"{file} lies in the data directory {keeper}, of which nothing is replaced; name a file elsewhere"
        exits.fail(told, exits.Exit.USAGE)
    if file.exists() and not force:
        exits.fail(f"{file} exists already; --force replaces it", exits.Exit.CONFLICT)
    return file
