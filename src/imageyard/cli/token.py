"""`imageyard token`: through the running server when there is one, else in the file under its lock."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated, Any, Final

import typer
from typer import Argument, Option

from imageyard import app as application
from imageyard.cli import exits, options, table
from imageyard.domain import access, duration, errors
from imageyard.domain.access import Actor

app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, Argument(help="The token's name.")]

_OPTIONS: Final = {"metadata.name": "NAME", "spec.user": "--user", "spec.groups": "--group", "spec.expires": "--ttl"}
"""What was typed for each field of a token."""


@app.command("create")
def create(
    name: Name,
    user: Annotated[str, Option(help="Who the bearer is.")],
    group: Annotated[list[str] | None, Option(help="A group of the bearer, e.g. image-viewer. Repeatable.")] = None,
    ttl: Annotated[str | None, Option(help="How long it lives, e.g. 720h. Default: until revoked.")] = None,
    data_dir: options.DataDirOption = None,
) -> None:
    """Make a token and print it, alone, on standard output. It is shown this once."""
    with exits.told(), _by_option(name):
        administration = application.administration(options.used(data_dir))
        print(administration.create_token(name, user, group or [], _lifetime(ttl)).reveal())
    _warn_of_no_rights(Actor(user, frozenset(group or [])))


@app.command("list")
def list_(data_dir: options.DataDirOption = None) -> None:
    """List tokens: name, user, groups, expiry, last use. Never the tokens themselves."""
    with exits.told():
        rows = application.administration(options.used(data_dir)).list_tokens()
        keys = ("name", "user", "groups", "expires", "lastUsed")
        titles = ("NAME", "USER", "GROUPS", "EXPIRES", "LAST-USED")
        table.show(titles, [[_cell(row, key) for key in keys] for row in rows])


@app.command("revoke")
def revoke(name: Name, data_dir: options.DataDirOption = None) -> None:
    """Revoke a token; it stops working at once."""
    with exits.told():
        application.administration(options.used(data_dir)).revoke_token(name)
        print(f"token/{name} revoked")


@contextmanager
def _by_option(name: str) -> Iterator[None]:
    """Name what was typed, not the field it became."""
    try:
        yield
    except errors.AlreadyExists:
        remedy = f"revoke it first (imageyard token revoke {name})"
        exits.fail(f'a token named "{name}" exists already; {remedy}', exits.Exit.CONFLICT)
    except errors.Invalid as invalid:
        told = (
            f"{_OPTIONS.get(cause.field.partition('[')[0], cause.field)}: {cause.text.en}" for cause in invalid.causes
        )
        exits.fail("; ".join(told), exits.Exit.USAGE)


def _warn_of_no_rights(bearer: Actor) -> None:
    grants = [grant for grant in access.builtin_grants() if grant.subject != f"Group:{access.AUTHENTICATED}"]
    if not access.holds_any(bearer, grants):
        groups = ", ".join(grant.subject.removeprefix("Group:") for grant in grants)
        print(
            "imageyard: warning: this token may do nothing until a binding names its user or groups; groups with "
            f"rights are {groups}",
            file=sys.stderr,
        )


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
