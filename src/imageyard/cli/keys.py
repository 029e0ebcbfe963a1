"""`imageyard keys`: look at the keys that seal credentials, rotate, retire, export and import them."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from typer import Argument, Option

from imageyard import app as application
from imageyard.app.files import DataDir
from imageyard.cli import exits, options, table

app = typer.Typer(no_args_is_help=True)

YesOption = Annotated[bool, Option("--yes", help="Do not ask.")]
_FOR_GOOD: Final = "Backups that are sealed under it can then only be opened with an export of it. Go on?"


@app.command("list")
def list_(data_dir: options.DataDirOption = None, config: options.ConfigOption = None) -> None:
    """List the keys: id, whether it is current, how many credentials are under it, where it is. Never a key."""
    with exits.told():
        uses = application.administration(options.used(data_dir, config)).list_keys()
        rows = [
            (use.id, "yes" if use.current else "", str(use.values), uses.source if use.held else "missing")
            for use in uses.items
        ]
        table.show(("ID", "CURRENT", "CREDENTIALS", "SOURCE"), rows)
        if uses.damaged:
            _note(f"{uses.damaged} credentials are damaged and under no key")


@app.command("rotate")
def rotate(data_dir: options.DataDirOption = None, config: options.ConfigOption = None) -> None:
    """Seal every credential under a new key, online. With key_source = command, make the new key current at its source
    first; with env, there and by a restart. Run it again if it was interrupted."""
    with exits.told():
        done = application.administration(options.used(data_dir, config)).rotate_keys()
        print(f"key/{done.key} is current; {done.sealed} credentials sealed anew")
        if done.source != "file":
            _note(f"key_source is {done.source}: the key is the one that is current there, none was made")
        if done.damaged:
            whose = ", ".join(done.damaged)
            exits.fail(f"these credentials open under no key; set their passwords again: {whose}", exits.Exit.FAILED)


@app.command("retire")
def retire(
    key: Annotated[str, Argument(help="The key's id.")],
    yes: YesOption = False,
    data_dir: options.DataDirOption = None,
    config: options.ConfigOption = None,
) -> None:
    """Remove a key for good. Refused while a credential is under it."""
    with exits.told(), exits.finding("key", key):
        administration = application.administration(options.used(data_dir, config))
        _confirm(yes)
        administration.retire_key(key)
        print(f"key/{key} retired")


@app.command("prune")
def prune(yes: YesOption = False, data_dir: options.DataDirOption = None, config: options.ConfigOption = None) -> None:
    """Retire every key that no credential is under, but the current one."""
    with exits.told():
        administration = application.administration(options.used(data_dir, config))
        _confirm(yes)
        for key in administration.prune_keys():
            print(f"key/{key} retired")


@app.command("export")
def export(
    file: Annotated[Path, Argument(help="Where to write the keys, mode 0600.")],
    force: options.ForceOption = False,
    data_dir: options.DataDirOption = None,
    config: options.ConfigOption = None,
) -> None:
    """Write all keys of the source in use into one file. Whoever has it and a backup has the credentials."""
    with exits.told():
        settings = options.used(data_dir, config)
        target = options.target(file, DataDir(settings.data_dir), force=force)
        count = application.export_keys(settings, target)
        print(f"{file} holds {count} keys (key_source is {settings.key_source}); keep it apart from backups")


@app.command("import")
def import_(
    file: Annotated[Path, Argument(help="A file that `keys export` wrote.")],
    data_dir: options.DataDirOption = None,
    config: options.ConfigOption = None,
) -> None:
    """Take exported keys into keys/, e.g. before restoring a backup on a new machine. Restart the server afterwards."""
    with exits.told():
        settings = options.read(data_dir=data_dir, config=config)
        count = application.import_keys(DataDir(settings.data_dir), file)
        print(f"{count} keys taken in")
        if settings.key_source != "file":
            _note(f"key_source is {settings.key_source}: the server reads none of them until it is file")


def _confirm(yes: bool) -> None:
    if not yes and not typer.confirm(_FOR_GOOD, err=True):
        raise SystemExit(exits.Exit.FAILED)


def _note(text: str) -> None:
    print(f"imageyard: note: {text}", file=sys.stderr)
