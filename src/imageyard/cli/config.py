"""`imageyard config show`: every setting, its value, and where it comes from."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from typer import Option

from imageyard import settings
from imageyard.cli import exits, options

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
        table = Table("SETTING", "VALUE", "ORIGIN", box=None, pad_edge=False)
        for name in settings.NAMES:
            value = getattr(values, name)
            table.add_row(name, ", ".join(map(str, value)) if isinstance(value, tuple) else str(value), origins[name])
        Console(soft_wrap=True).print(table)
