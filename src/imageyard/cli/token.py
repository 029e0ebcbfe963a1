"""`imageyard token`: through the running server when there is one, else in the file under its lock."""

from typing import Annotated, Any

import typer
from typer import Argument, Option

from imageyard import app as application
from imageyard.app.administration import Bearer
from imageyard.cli import bearer, exits, options, table
from imageyard.domain import visible

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
    with exits.told(), bearer.by_option(name):
        administration = application.administration(options.used(data_dir))
        made = administration.create_token(Bearer(name, user, group or [], bearer.lifetime(ttl)))
        print(made.credential.reveal())
    bearer.warn_of_no_rights("token", made)


@app.command("list")
def list_(
    sessions: Annotated[bool, Option("--sessions", help="Show sessions of signed-in people too.")] = False,
    data_dir: options.DataDirOption = None,
) -> None:
    """List tokens and certificates: name, type, user, groups, expiry, last use. Never the tokens themselves."""
    with exits.told():
        rows = application.administration(options.used(data_dir)).list_tokens(sessions=sessions)
        keys = ("name", "type", "user", "groups", "expires", "lastUsed")
        titles = ("NAME", "TYPE", "USER", "GROUPS", "EXPIRES", "LAST-USED")
        table.show(titles, [[_cell(row, key) for key in keys] for row in rows])


@app.command("revoke")
def revoke(name: Name, data_dir: options.DataDirOption = None) -> None:
    """Revoke a token or certificate; it stops working at once."""
    with exits.told(), exits.finding("token", name):
        application.administration(options.used(data_dir)).revoke_token(name)
        print(f"token/{name} revoked")


def _cell(row: Any, key: str) -> str:
    value = row.get(key)
    return visible.shown(",".join(value) if isinstance(value, list) else str(value or "-"))
