"""`imageyard certificate`: client certificates of the server's own CA. Listed and revoked as tokens are."""

import json
import sys
from typing import Annotated

import typer
from typer import Argument, Option

from imageyard import app as application
from imageyard.app import client_certificates, kubeconfig
from imageyard.app.administration import Bearer
from imageyard.app.files import DataDir, ports_in_use
from imageyard.cli import bearer, exits, options
from imageyard.domain.secret import Secret
from imageyard.settings import Settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Make client certificates."""


@app.command("create")
def create(
    name: Annotated[str, Argument(help="The certificate's name among the tokens.")],
    user: Annotated[str, Option(help="Who the bearer is.")],
    group: Annotated[list[str] | None, Option(help="A group of the bearer, e.g. image-viewer. Repeatable.")] = None,
    ttl: Annotated[str | None, Option(help="How long it lives, e.g. 24h; 8760h at most. Default: 720h.")] = None,
    as_kubeconfig: Annotated[
        bool, Option("--kubeconfig", help="Print a kubeconfig instead of key and certificate.")
    ] = (False),
    data_dir: options.DataDirOption = None,
) -> None:
    """Make a client certificate and print it with its key, on standard output. The key is shown this once."""
    with exits.told(), bearer.by_option(name):
        settings, asked = options.used(data_dir), client_certificates.ask()
        directory, administration = DataDir(settings.data_dir), application.administration(settings)
        wanted = Bearer(name, user, group or [], bearer.lifetime(ttl))
        made = administration.create_certificate(wanted, asked.request)
        pem = made.credential.reveal()
        print(_kubeconfig(directory, user, pem, asked.key) if as_kubeconfig else f"{asked.key.reveal()}{pem}", end="")
    bearer.warn_of_no_rights("certificate", made)
    _warn_of_setting(settings, directory)


def _warn_of_setting(settings: Settings, directory: DataDir) -> None:
    """A server that runs refuses where they count for nothing; one that is stopped is known by its settings only."""
    if ports_in_use(directory) is None and not settings.client_certificates:
        print(
            "imageyard: warning: certificates count for nothing until client_certificates is set to true",
            file=sys.stderr,
        )


def _kubeconfig(directory: DataDir, user: str, pem: str, key: Secret) -> str:
    """For the address that the server told last."""
    server = json.loads(directory.kubeconfig.read_bytes())["clusters"][0]["cluster"]["server"]
    ca = (directory.tls / "ca.crt").read_bytes()
    return kubeconfig.complete(server, ca, user, kubeconfig.by_certificate(pem.encode("ascii"), key)).decode()
