"""`imageyard config show`: every setting, its value, and where it comes from."""

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from imageyard import settings
from imageyard.cli import exits, options, table

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Show settings."""


@app.command("show")
def show(
    data_dir: options.DataDirOption = None,
    config: Annotated[Path | None, Option(help="Settings file.")] = None,
) -> None:
    """Print every setting with its origin: flag, environment, file or default."""
    with exits.told():
        values, origins = settings.load({"data_dir": data_dir}, os.environ, config)
        rows = [(name, settings.plain(getattr(values, name)), origins[name]) for name in settings.NAMES]
        table.show(("SETTING", "VALUE", "ORIGIN"), rows)
