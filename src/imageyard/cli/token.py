"""`imageyard token`: through the running server when there is one, else in the file under its lock."""

from datetime import timedelta
from typing import Annotated, Any

import typer
from typer import Argument, Option

from imageyard import app as application
from imageyard.cli import exits, options, table
from imageyard.domain import duration

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, Argument(help="The token's name.")]


@app.command("create")
def create(
    name: Name,
    user: Annotated[str, Option(help="Who the bearer is.")],
    group: Annotated[list[str] | None, Option(help="A group of the bearer, e.g. image-viewer. Repeatable.")] = None,
    ttl: Annotated[str | None, Option(help="How long it lives, e.g. 720h. Default: until revoked.")] = None,
    data_dir: options.DataDirOption = None,
) -> None:
    """Make a token and print it, alone, on standard output. It is shown this once."""
    with exits.told():
        administration = application.administration(options.existing(data_dir))
        print(administration.create_token(name, user, group or [], _lifetime(ttl)).reveal())


@app.command("list")
def list_(data_dir: options.DataDirOption = None) -> None:
    """List tokens: name, user, groups, expiry, last use. Never the tokens themselves."""
    with exits.told():
        rows = application.administration(options.existing(data_dir)).list_tokens()
        keys = ("name", "user", "groups", "expires", "lastUsed")
        titles = ("NAME", "USER", "GROUPS", "EXPIRES", "LAST-USED")
        table.show(titles, [[_cell(row, key) for key in keys] for row in rows])


@app.command("revoke")
def revoke(name: Name, data_dir: options.DataDirOption = None) -> None:
    """Revoke a token; it stops working at once."""
    with exits.told():
        application.administration(options.existing(data_dir)).revoke_token(name)
        print(f"token/{name} revoked")


def _lifetime(ttl: str | None) -> timedelta | None:
    if ttl is None:
        return None
    try:
        lifetime = duration.parse(ttl)
    except duration.InvalidDuration as error:
        exits.fail(f"--ttl {ttl!r} cannot be used: {error}", exits.Exit.USAGE)
    if lifetime <= timedelta(0):
        exits.fail(f"--ttl {ttl!r} is not above zero", exits.Exit.USAGE)
    return lifetime


def _cell(row: Any, key: str) -> str:
    value = row.get(key)
    return ",".join(value) if isinstance(value, list) else str(value or "-")
