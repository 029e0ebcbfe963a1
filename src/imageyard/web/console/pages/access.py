"""Who can get in: tokens, client certificates and sessions, with whose they are, how long, and when last used."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from imageyard.domain.kinds.access_token import AccessToken
from imageyard.web.admin import door as admin
from imageyard.web.console import access_tabs, commands, listing
from imageyard.web.console.access_tabs import Tab
from imageyard.web.console.commands import Commands
from imageyard.web.console.listing import Asked, Shown
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

TYPES: Final = ("token", "certificate", "session")


@dataclass(frozen=True, slots=True)
class CredentialRow:
    name: str
    type: str
    user: str
    groups: tuple[str, ...]
    created: datetime | None
    expires: datetime | None
    last_used: datetime | None
    over: bool
    """Whether it has expired."""
    own: bool
    """Whether it is what the reader is known by."""
    revoke: str
    """Where it is revoked, "" for who may not."""
    check: str
    """Where it is told what its bearer may do."""


@dataclass(frozen=True, slots=True)
class AccessPage:
    tabs: tuple[Tab, ...]
    rows: tuple[CredentialRow, ...]
    asked: Asked
    shown: Shown
    types: tuple[str, ...]
    may_create: bool
    may_check: bool
    done: str
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "get", admin.TOKENS)
    asked = listing.asked(access_tabs.CREDENTIALS, visit.query, ("q", "type"))
    found = [*_matching(await visit.doors.tokens.list(sessions=True), asked)]
    number = listing.page_number(visit.query)
    here = found[(number - 1) * listing.SIZE : number * listing.SIZE]
    tabs = access_tabs.of(visit.may)
    context = AccessPage(
        tabs,
        tuple(row(token, visit) for token in here),
        asked,
        listing.shown(asked, number, len(here), len(found)),
        TYPES,
        visit.may.path("create", admin.TOKENS),
        "check" in {tab.key for tab in tabs},
        visit.query.text("done"),
        _commands(visit),
    )
    return await room.templates.page(visit, "access.html", context, place="access")


def row(token: AccessToken, visit: Visit) -> CredentialRow:
    name, spec = token.metadata.name, token.spec
    asked = [("user", spec.user), *(("groups", group) for group in spec.groups)]
    return CredentialRow(
        name,
        spec.type,
        spec.user,
        tuple(spec.groups),
        token.metadata.creation_timestamp,
        spec.expires,
        token.status.last_used,
        spec.expires is not None and spec.expires <= visit.now,
        visit.actor.credential == f"{spec.type}/{name}",
        f"{href(name)}/revoke" if visit.may.path("delete", f"{admin.TOKENS}/{name}") else "",
        f"{access_tabs.CHECK}?{urlencode(asked)}",
    )


def href(name: str) -> str:
    return f"/console/access/tokens/{quote(name, safe='')}"


def _matching(tokens: Iterable[AccessToken], asked: Asked) -> Iterable[AccessToken]:
    """Newest sessions would hide the rest: they come last."""
    said = asked["q"].lower()
    for type_ in TYPES:
        for token in tokens:
            texts = (token.metadata.name, token.spec.user, *token.spec.groups)
            if (
                token.spec.type == type_
                and asked["type"] in ("", type_)
                and any(said in text.lower() for text in texts)
            ):
                yield token


def _commands(visit: Visit) -> tuple[Commands, ...]:
    gettext, origin = visit.words.gettext, visit.origin
    body = {"name": "ci", "user": "ci", "groups": ["image-viewer"], "ttlSeconds": 2_592_000}
    return (
        Commands(
            gettext("List tokens, certificates and sessions"),
            commands.curl(origin, "GET", admin.TOKENS, query={"sessions": "true"}),
        ),
        Commands(gettext("Create a token"), commands.curl(origin, "POST", admin.TOKENS, body=body)),
        Commands(gettext("Revoke one"), commands.curl(origin, "DELETE", f"{admin.TOKENS}/ci")),
    )
