"""What the commands that make credentials share: the options' errors, the lifetime, the warning."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from imageyard.app.administration import Made
from imageyard.cli import exits
from imageyard.domain import access, duration, errors

_OPTIONS: Final = {"metadata.name": "NAME", "spec.user": "--user", "spec.groups": "--group", "spec.expires": "--ttl"}
"""What was typed for each field of a token."""


@contextmanager
def by_option(name: str) -> Iterator[None]:
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


def lifetime(ttl: str | None) -> timedelta | None:
    """The value of --ttl. Leaves when it cannot be used."""
    if ttl is None:
        return None
    try:
        lifetime = duration.parse(ttl)
    except duration.InvalidDuration as error:
        exits.fail(f"--ttl {ttl!r} cannot be used: {error}", exits.Exit.USAGE)
    if lifetime <= timedelta(0):
        exits.fail(f"--ttl {ttl!r} is not above zero", exits.Exit.USAGE)
    return lifetime


def warn_of_no_rights(what: str, made: Made) -> None:
    """Tell of a credential to whose bearer no role gives anything yet."""
    if made.has_rights:
        return
    groups = ", ".join(each.group for each in access.BUILTIN if each.group not in ("", access.AUTHENTICATED))
    print(
        f"imageyard: warning: this {what} may do nothing until a binding names its user or groups; groups with "
        f"rights are {groups}",
        file=sys.stderr,
    )
