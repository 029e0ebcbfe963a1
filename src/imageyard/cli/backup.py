"""`imageyard backup` and `restore`: the database only; keys are exported apart (`imageyard keys export`)."""

from pathlib import Path
from typing import Annotated

from typer import Argument

from imageyard import app as application
from imageyard.app.files import DataDir
from imageyard.cli import exits, options

File = Annotated[Path, Argument(help="The backup file.")]


def backup(file: File, force: options.ForceOption = False, data_dir: options.DataDirOption = None) -> None:
    """Write a consistent, verified copy of the database, also while the server runs."""
    with exits.told():
        directory = options.existing(data_dir)
        application.backup(directory, options.target(file, directory, force=force))
        print(f"{file} written and verified; credentials in it need the keys (imageyard keys export)")


def restore(file: File, data_dir: options.DataDirOption = None) -> None:
    """Put a backup in place of the database. The server must be stopped; what was there is kept beside it."""
    with exits.told():
        directory = DataDir(options.read(data_dir=data_dir).data_dir)
        directory.make()
        application.restore(directory, file)
        print(f"{directory.database} restored from {file}")
