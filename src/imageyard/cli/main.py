"""The command line: `imageyard serve | login | token | certificate | backup | restore | keys | config | version`."""

import typer

from imageyard import __version__
from imageyard.app import memory
from imageyard.cli import backup, certificate, config, keys, login, serve, token

_app = typer.Typer(
    name="imageyard",
    help="A small server that platform teams point at their container registries.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_app.command("serve")(serve.serve)
_app.command("login")(login.login)
_app.command("logout")(login.logout)
_app.command("whoami")(login.whoami)
_app.command("backup")(backup.backup)
_app.command("restore")(backup.restore)
_app.add_typer(token.app, name="token", help="Make, list and revoke bearer tokens.")
_app.add_typer(certificate.app, name="certificate", help="Make client certificates.")
_app.add_typer(keys.app, name="keys", help="List, rotate, retire and export the keys that seal credentials.")
_app.add_typer(config.app, name="config", help="Show settings and where each comes from.")


@_app.command("version")
def version() -> None:
    """Print the version."""
    print(__version__)


def main() -> None:
    """Run the command line; the entry point of the `imageyard` program."""
    memory.keep_private()
    _app()
