"""Can somebody do something, and why: asked of the rules that every door asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from imageyard.domain.access import AUTHENTICATED, Action, Actor, Because, Grant
from imageyard.domain.kind import Kind
from imageyard.domain.kinds import EVENT, NAMESPACE, REGISTRY_SECRET, REPOSITORY
from imageyard.domain.kinds.reviews import ACCESS
from imageyard.web.console import access_tabs, commands, rules
from imageyard.web.console.access_tabs import Tab
from imageyard.web.console.commands import Commands
from imageyard.web.console.forms import Form
from imageyard.web.console.room import Room
from imageyard.web.console.rules import RuleRow
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

VERBS: Final = ("get", "list", "watch", "create", "update", "patch", "delete")
_KINDS: Final[tuple[Kind[Any], ...]] = (REPOSITORY, REGISTRY_SECRET, EVENT, NAMESPACE, *rules.KINDS.values())
RESOURCES: Final[Mapping[str, Kind[Any]]] = {
    resource: kind
    for kind in _KINDS
    for resource in (kind.plural, *(f"{kind.plural}/{sub}" for sub in kind.subresources))
}


class ReasonRow(NamedTuple):
    """A grant as it is told. `rule` is None where nothing was asked of it."""

    subject: str
    role: str
    role_href: str
    binding: str
    binding_href: str
    namespace: str
    rule: RuleRow | None


@dataclass(frozen=True, slots=True)
class Question:
    """`what` is a resource of the server, or a path that begins with a slash."""

    user: str
    groups: tuple[str, ...]
    verb: str
    what: str
    namespace: str
    name: str

    @property
    def actor(self) -> Actor:
        """As a token of theirs makes them known."""
        return Actor(self.user, frozenset({*self.groups, AUTHENTICATED}))

    @property
    def action(self) -> Action | None:
        """None for a question that is none."""
        if self.what.startswith("/"):
            return Action(self.verb, "", group="", path=self.what)
        kind = RESOURCES.get(self.what)
        if kind is None:
            return None
        # As Kubernetes has it, one namespace lies in itself.
        where = self.name if kind is NAMESPACE else self.namespace if kind.namespaced else ""
        return Action(self.verb, self.what, where, self.name, kind.group)


@dataclass(frozen=True, slots=True)
class CheckPage:
    tabs: tuple[Tab, ...]
    asked: Question
    problems: Mapping[str, str]
    answered: bool
    allowed: bool
    because: tuple[ReasonRow, ...]
    """Why it is allowed; where it is not, what the user has instead."""
    commands: tuple[Commands, ...]
    verbs: tuple[str, ...] = VERBS
    resources: tuple[str, ...] = field(default=tuple(RESOURCES))


async def page(room: Room, visit: Visit) -> Reply:
    visit.doors.objects.rights.demand(visit.actor, "create", ACCESS, "")
    asked = _question(visit.query)
    problems = _problems(visit, asked)
    action = asked.action if not problems and asked.user else None
    because = visit.doors.objects.rights.explain(asked.actor, action) if action else ()
    context = CheckPage(
        access_tabs.of(visit.may),
        asked,
        problems,
        action is not None,
        bool(because),
        _told(because) if because or not action else _held(visit.doors.objects.rights.held(asked.actor)),
        _commands(visit, asked, action) if action else (),
    )
    return await room.templates.page(visit, "check.html", context, place="access")


def _question(given: Form) -> Question:
    groups = (each.strip() for text in given.texts("groups") for each in text.split(","))
    return Question(
        given.text("user"),
        tuple(dict.fromkeys(filter(None, groups))),
        given.text("verb") or VERBS[0],
        given.text("what") or REPOSITORY.plural,
        given.text("in"),
        given.text("name"),
    )


def _problems(visit: Visit, asked: Question) -> Mapping[str, str]:
    if asked.action is None:
        return {"what": visit.words.gettext("No resource of this server; a path begins with a slash.")}
    return {}


def _told(because: tuple[Because, ...]) -> tuple[ReasonRow, ...]:
    return tuple(_row(grant, rules.rule(rule)) for grant, rule in because)


def _held(grants: tuple[Grant, ...]) -> tuple[ReasonRow, ...]:
    return tuple(_row(grant, None) for grant in grants)


def _row(grant: Grant, rule: RuleRow | None) -> ReasonRow:
    role = grant.role.partition("/")[2]
    role_href = rules.of_title(grant.role, grant.namespace) if grant.role else ""
    binding_href = rules.of_title(grant.binding, grant.namespace) if grant.binding else ""
    return ReasonRow(
        grant.subject, role, role_href, grant.binding.partition("/")[2], binding_href, grant.namespace, rule
    )


def _commands(visit: Visit, asked: Question, action: Action) -> tuple[Commands, ...]:
    where = {"namespace": action.namespace, "name": action.name, "group": action.group}
    resource, _, sub = action.resource.partition("/")
    about = {"verb": action.verb, "resource": resource, "subresource": sub, **where}
    what = {"nonResourceAttributes": {"verb": action.verb, "path": action.path}}
    if not action.path:
        what = {"resourceAttributes": {key: value for key, value in about.items() if value}}
    spec = {"user": asked.user, "groups": sorted(asked.actor.groups), **what}
    body = {"apiVersion": ACCESS.api_version, "kind": ACCESS.name, "spec": spec}
    path = f"/apis/{ACCESS.group}/{ACCESS.version}/{ACCESS.plural}"
    return (
        Commands(visit.words.gettext("Ask the same question"), commands.curl(visit.origin, "POST", path, body=body)),
    )
