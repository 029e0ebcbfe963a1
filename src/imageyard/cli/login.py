"""`imageyard login | logout | whoami`: for people who use a server that somebody else runs."""

import re
import shlex
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
from typer import Argument, Option

from imageyard.app import acquaintance
from imageyard.app import login as signing
from imageyard.app.acquaintance import Address
from imageyard.app.kubeconfig import Login
from imageyard.app.login import Identity
from imageyard.cli import exits
from imageyard.cli.exits import Exit
from imageyard.domain import visible
from imageyard.domain.secret import Secret

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,16384}")

FileOption = Annotated[
    Path | None, Option("--kubeconfig", help="The file (default: first of $KUBECONFIG, else ~/.kube/config).")
]
NameOption = Annotated[str, Option("--context-name", help="Name of the kubeconfig context.")]


def login(
    server: Annotated[str, Argument(help="host, host:port or https URL.")],
    token_file: Annotated[Path | None, Option(help="Read the token from this file.")] = None,
    token_stdin: Annotated[bool, Option("--token-stdin", help="Read the token from standard input.")] = False,
    ca: Annotated[Path | None, Option(help="PEM file of the CA that the server's certificate is of.")] = None,
    ca_fingerprint: Annotated[
        str | None, Option(help="SHA-256 of the server's own CA, to trust it without being asked.")
    ] = None,
    kubeconfig: FileOption = None,
    context_name: NameOption = "",
) -> None:
    """Check a token with a server and write it into your kubeconfig. Without an option, you are asked for the token."""
    if (ca and ca_fingerprint) or (token_file and token_stdin):
        exits.fail("give one of --ca and --ca-fingerprint, and one of --token-file and --token-stdin", Exit.USAGE)
    with exits.told():
        address = Address.parse(server)
        known = acquaintance.by_file(address, ca) if ca else acquaintance.meet(address, ca_fingerprint, _confirm)
        token = _token(token_file, from_stdin=token_stdin)
        identity = signing.who(known, token)
        file = kubeconfig or signing.default_file()
        name = context_name or signing.default_name(address)
        signing.keep(file, Login(name, address.url, known.ca, token))
    print(f"signed in to {known.address.url} as {_described(identity)}")
    chosen = f" --kubeconfig {shlex.quote(str(kubeconfig))}" if kubeconfig else ""
    print(f'context "{name}" is in {file}; next:\n  kubectl{chosen} get repositories -A')


def logout(kubeconfig: FileOption = None, context_name: NameOption = "") -> None:
    """Take what login wrote out of your kubeconfig. The token itself lives on until it expires or is revoked."""
    with exits.told():
        file = kubeconfig or signing.default_file()
        print(f'context "{signing.drop(file, context_name)}" is gone from {file}; the token in it is not revoked')


def whoami(kubeconfig: FileOption = None, context_name: NameOption = "") -> None:
    """Ask the server of a kubeconfig context who you are."""
    with exits.told():
        held, identity = signing.whoami(kubeconfig or signing.default_file(), context_name)
        print(f"{_described(identity)} at {held.server}")


def _described(identity: Identity) -> str:
    """In one line, whatever the server answered."""
    groups = ", ".join(map(visible.shown, identity.groups))
    return f"{visible.shown(identity.user)} (groups: {groups or 'none'})"


def _confirm(fingerprint: str) -> bool:
    """A person at a terminal compares; nobody else trusts what nobody has compared."""
    if not _at_terminal():
        exits.fail(
            "the server's certificate is of a CA that is not known here; give its file with --ca, or its SHA-256 with "
            f"--ca-fingerprint. The server shows {fingerprint}",
            Exit.DENIED,
        )
    print(f"The server's certificate is of its own CA, whose SHA-256 is\n  {fingerprint}", file=sys.stderr)
    return typer.confirm("Is that what its operator told you?", err=True)


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _token(file: Path | None, *, from_stdin: bool) -> Secret:
    """From a file, standard input or a prompt without echo; never from the command line, which others can see."""
    if file is not None:
        text = file.read_text(encoding="utf-8", errors="replace")
    elif from_stdin:
        text = sys.stdin.read()
    elif _at_terminal():
        text = typer.prompt("Token", hide_input=True, err=True)
    else:
        exits.fail("there is no terminal to ask for the token; give --token-stdin or --token-file", Exit.USAGE)
    if not _TOKEN.fullmatch(text.strip()):
        exits.fail("what was given is no token: one line of letters, digits and . _ ~ + / = -", Exit.USAGE)
    return Secret(text.strip())
