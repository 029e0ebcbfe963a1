"""Make registry sources of the logins in a docker config or a pull secret: what is in it, then those that are ticked.

The text holds passwords, so no page shows it again: a browser without scripts asks for it a second time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from imageyard.domain.errors import BadRequest, Failure, Invalid, NotFound
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET
from imageyard.domain.secret import Secret
from imageyard.service.admission import Options
from imageyard.web.console import commands, docker_config, forms, presets, rows, source_fields
from imageyard.web.console.commands import Commands
from imageyard.web.console.docker_config import Login
from imageyard.web.console.forms import Form
from imageyard.web.console.pages import source_new
from imageyard.web.console.presets import Preset
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/sources/import"
_KIND: Final = REGISTRY_SECRET
_REHEARSAL: Final = Options(dry_run=True, create_namespace=False)
_LIKE: Final = re.compile(r"[^a-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Line:
    """One registry of the text. `verdict` is new, made, exists or problem; who may not take it has a `problem`."""

    domain: str
    name: str
    username: str
    verdict: str
    problem: str = ""
    href: str = ""
    ticked: bool = True


@dataclass(frozen=True, slots=True)
class ImportPage:
    namespaces: Sequence[str]
    may_type_namespace: bool
    namespace: str
    lines: Sequence[Line]
    problem: str
    again: bool
    """Whether the text has to be pasted again, as it is not shown."""
    done: bool
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit) -> Reply:
    places = await source_new.where(visit)
    chosen = visit.query.text("namespace")
    return await _answer(room, visit, places, chosen if chosen in places else source_new.usual(places))


async def act(room: Room, visit: Visit) -> Reply:
    places = await source_new.where(visit)
    form = await forms.read(visit.exchange)
    namespace = form.text("newNamespace") or form.text("namespace")
    try:
        await source_new.admitted(visit, namespace)
        logins = docker_config.read(form.secret("text"))
    except Failure as failure:
        if not isinstance(failure, BadRequest | Invalid) and failure.kind != NAMESPACE.singular:
            raise
        return await _answer(room, visit, places, namespace, problem=visit.sentence(failure.text))
    if form.text("do") != "import":
        lines = [await _judged(visit, namespace, login) for login in logins]
        return await _answer(room, visit, places, namespace, lines)
    lines = [await _made(visit, namespace, login) for login in _ticked(logins, form)]
    return await _answer(room, visit, places, namespace, lines, done=True)


def _ticked(logins: Sequence[Login], form: Form) -> list[Login]:
    """Those that were ticked, all where nothing was there to be ticked."""
    if form.text("listed") != "1":
        return [*logins]
    return [login for login in logins if login.domain in form.texts("domain")]


async def _judged(visit: Visit, namespace: str, login: Login) -> Line:
    """What would become of it; nothing is stored."""
    line = _line(visit, login)
    if line.problem:
        return line
    try:
        document = _document(namespace, login)
        await visit.doors.objects.create(visit.actor, _KIND, namespace, document, _REHEARSAL)
    except Failure as failure:
        if not _missing(visit, failure):
            return _refused(visit, line, failure)
    return line


async def _made(visit: Visit, namespace: str, login: Login) -> Line:
    line = _line(visit, login)
    if line.problem:
        return line
    try:
        await visit.doors.objects.create(visit.actor, _KIND, namespace, _document(namespace, login))
    except Failure as failure:
        return _refused(visit, line, failure)
    return replace(line, verdict="made", href=rows.source_href(namespace, line.name))


def _missing(visit: Visit, failure: Failure) -> bool:
    """A namespace that is not there yet, and would be made."""
    return isinstance(failure, NotFound) and failure.kind == NAMESPACE.singular and source_new.may_type_namespace(visit)


def _line(visit: Visit, login: Login) -> Line:
    name = _name(login.domain)
    if login.fault is None:
        return Line(login.domain, name, login.username, "new")
    return Line(login.domain, name, login.username, "problem", visit.sentence(login.fault), ticked=False)


def _refused(visit: Visit, line: Line, failure: Failure) -> Line:
    return replace(line, verdict="problem", problem=visit.sentence(failure.text), ticked=False)


def _name(domain: str) -> str:
    return _LIKE.sub("-", domain).strip("-.") or "registry"


def _document(namespace: str, login: Login) -> dict[str, Any]:
    blank = source_fields.blank(namespace, _preset(login.domain))
    values = {**blank.values, "domain": login.domain, "username": login.username}
    return source_fields.document(replace(blank, name=_name(login.domain), values=values), login.password)


def _preset(domain: str) -> Preset:
    """Whose registry a host is, by its name: what is not known is nobody's in particular."""
    host = domain.partition(":")[0]
    known = next((preset for preset in presets.PRESETS if preset.domain and preset.domain == host), None)
    if known is not None:
        return known
    if host.endswith(".aliyuncs.com"):
        return presets.BY_KEY["aliyun"]
    return presets.BY_KEY["harbor" if host.startswith("harbor.") else "other"]


async def _answer(
    room: Room,
    visit: Visit,
    places: Sequence[str],
    namespace: str,
    lines: Sequence[Line] = (),
    *,
    problem: str = "",
    done: bool = False,
) -> Reply:
    again = bool(lines or problem) and not done
    typed = source_new.may_type_namespace(visit)
    context = ImportPage(places, typed, namespace, lines, problem, again, done, _commands(visit, namespace))
    shown = await room.templates.page(visit, "source_import.html", context, place="sources")
    return shown._replace(status=422 if problem and not visit.enhanced else 200)


def _commands(visit: Visit, namespace: str) -> tuple[Commands, ...]:
    login = Login("registry.example.com", "USER", Secret("PASSWORD"))
    body = _document(namespace, login)
    return (
        Commands(
            visit.words.gettext("Add one"),
            commands.rest(visit.origin, "POST", _KIND, namespace, body=body),
            commands.applied(_KIND, body),
        ),
    )
