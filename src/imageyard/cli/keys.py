"""`imageyard keys`: rotate and export."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument

from imageyard import app as application
from imageyard.app.files import DataDir
from imageyard.cli import exits, options

app = typer.Typer(no_args_is_help=True)


@app.command("rotate")
def rotate(data_dir: options.DataDirOption = None) -> None:
    """Make a new key and seal every credential under it, online. Run it again if it was interrupted."""
    with exits.told():
        key_id, count = application.administration(options.existing(data_dir)).rotate_keys()
        print(f"key/{key_id} is current; {count} credentials sealed anew")


@app.command("export")
def export(
    file: Annotated[Path, Argument(help="Where to write the keys, mode 0600.")],
    force: options.ForceOption = False,
    data_dir: options.DataDirOption = None,
) -> None:
    """Write all keys into one file. Whoever has it and a backup has the credentials."""
    with exits.told():
        count = application.export_keys(options.existing(data_dir), options.target(file, force=force))
        print(f"{file} holds {count} keys; keep it apart from backups")


@app.command("import")
def import_(
    file: Annotated[Path, Argument(help="A file that `keys export` wrote.")],
    data_dir: options.DataDirOption = None,
) -> None:
    """Take in exported keys, e.g. before restoring a backup on a new machine. Restart the server afterwards."""
    with exits.told():
        count = application.import_keys(DataDir(options.read(data_dir=data_dir).data_dir), file)
        print(f"{count} keys taken in")
