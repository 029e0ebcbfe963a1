"""Make a token, which is shown once on the page after; take a token, a certificate or a session away."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from imageyard.domain.access import AUTHENTICATED, BUILTIN, Actor
from imageyard.domain.errors import AlreadyExists, Invalid, NotFound
from imageyard.domain.kinds import ACCESS_TOKEN
from imageyard.domain.kinds.access_token import AccessToken
from imageyard.service.tokens import BOOTSTRAP
from imageyard.web import errors, reply
from imageyard.web.admin import door as admin
from imageyard.web.console import forms
from imageyard.web.console.forms import Form
from imageyard.web.console.pages import access
from imageyard.web.console.pages.access import CredentialRow
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

GROUPS: Final = tuple(role.group for role in BUILTIN if role.group not in ("", AUTHENTICATED))
"""What built-in roles are bound to: whoever is in one has the role."""
HOURS: Final = (1, 12, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24)
_PROPOSED: Final = str(30 * 24)
FOREVER: Final = "never"
_FIELDS: Final = {"metadata.name": "name", "spec.user": "user", "spec.expires": "ttl"}


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What stands in the form, and what is wrong with it, by field."""

    name: str
    user: str
    chosen: frozenset[str]
    more: str
    ttl: str
    problems: Mapping[str, str] = field(default_factory=dict)
    groups: tuple[str, ...] = GROUPS
    hours: tuple[int, ...] = HOURS

    @property
    def wanted(self) -> list[str]:
        """The groups of the token, each once."""
        named = (each.strip() for each in self.more.replace("\n", ",").split(","))
        return list(dict.fromkeys([*(each for each in GROUPS if each in self.chosen), *filter(None, named)]))


@dataclass(frozen=True, slots=True)
class CreatedPage:
    row: CredentialRow
    token: str
    """"" when it was shown before."""
    may_anything: bool


@dataclass(frozen=True, slots=True)
class RevokePage:
    row: CredentialRow
    sessions: int
    """Begun with it; they end too."""
    bootstrap: bool


async def new(room: Room, visit: Visit) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "create", admin.TOKENS)
    return await room.templates.page(visit, "token_new.html", _form(visit.query), place="access")


async def create(room: Room, visit: Visit) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "create", admin.TOKENS)
    asked = _form(await forms.read(visit.exchange))
    lasts = None if asked.ttl == FOREVER else timedelta(hours=int(asked.ttl))
    try:
        token = await visit.doors.tokens.create(asked.name, asked.user, asked.wanted, lasts)
    except (Invalid, AlreadyExists) as failure:
        return await _again(room, visit, asked, failure)
    visit.exchange.name = asked.name
    room.once.put(visit.actor, asked.name, token, visit.now)
    return reply.see_other(f"{access.href(asked.name)}/created")


async def created(room: Room, visit: Visit, name: str) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "create", admin.TOKENS)
    held = _held(visit, name)
    shown = room.once.take(visit.actor, name, visit.now) if visit.exchange.method == "GET" else None
    bearer = Actor(held.spec.user, frozenset(held.spec.groups))
    context = CreatedPage(
        access.row(held, visit),
        shown.reveal() if shown else "",
        visit.doors.objects.rights.any_beyond_basics(bearer),
    )
    return await room.templates.page(visit, "token_created.html", context, place="access")


async def ask(room: Room, visit: Visit, name: str) -> Reply:
    """Before it is taken away."""
    visit.doors.objects.rights.demand_path(visit.actor, "delete", f"{admin.TOKENS}/{name}")
    held = _held(visit, name)
    every = await visit.doors.tokens.list(sessions=True)
    sessions = sum(each.spec.parent == held.metadata.uid for each in every)
    context = RevokePage(access.row(held, visit), sessions, held.metadata.name == BOOTSTRAP)
    return await room.templates.page(visit, "token_revoke.html", context, place="access")


async def revoke(room: Room, visit: Visit, name: str) -> Reply:
    visit.doors.objects.rights.demand_path(visit.actor, "delete", f"{admin.TOKENS}/{name}")
    await visit.doors.tokens.revoke(name)
    return reply.see_other("/console/access?done=revoke")


def _form(given: Form) -> TokenForm:
    """What was sent, or proposed by a link. A lifetime that is none of those offered is the proposed one."""
    ttl = given.text("ttl")
    offered = {FOREVER, *map(str, HOURS)}
    return TokenForm(
        given.text("name"),
        given.text("user"),
        frozenset(given.texts("group")) & frozenset(GROUPS),
        given.text("groups"),
        ttl if ttl in offered else _PROPOSED,
    )


async def _again(room: Room, visit: Visit, asked: TokenForm, failure: Invalid | AlreadyExists) -> Reply:
    """The form as it was filled in, with what is wrong beside the fields."""
    outcome = errors.outcome(failure)
    visit.exchange.reason = outcome.reason
    speak = visit.sentence
    problems = {_FIELDS.get(cause.field, "groups"): speak(cause.text) for cause in failure.causes}
    shown = TokenForm(
        asked.name, asked.user, asked.chosen, asked.more, asked.ttl, problems or {"name": speak(failure.text)}
    )
    answer = await room.templates.page(visit, "token_new.html", shown, place="access")
    return answer._replace(status=outcome.code)


def _held(visit: Visit, name: str) -> AccessToken:
    """Raises NotFound."""
    held = visit.doors.tokens.named(name)
    if held is None:
        raise NotFound(ACCESS_TOKEN.singular, name)
    return held
