"""Import many images: paste or upload, see what would become of each line, change it, make those that are ticked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from imageyard.domain import image_reference
from imageyard.domain.errors import AlreadyExists, BadRequest
from imageyard.domain.kinds import REGISTRY_SECRET, REPOSITORY
from imageyard.web.console import choices, commands, drafts, existing, forms, listing, rows, several
from imageyard.web.console.choices import Namespaces
from imageyard.web.console.commands import Commands
from imageyard.web.console.drafts import Draft
from imageyard.web.console.forms import Form
from imageyard.web.console.importing import judging, plan, reading
from imageyard.web.console.importing.judging import Image, Judged, Offered, Placed
from imageyard.web.console.importing.plan import Line
from imageyard.web.console.room import Room
from imageyard.web.console.several import Outcome
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/images/import"
MOST_FAILURES: Final = 100
"""Failures that are listed one by one; all of them stay ticked."""
_LONG: Final = 64 * 1024
"""Characters from which on reading a text would hold up everybody."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """`number` counts lines from 0, and names the fields of the row. `said` is what is wrong."""

    number: int
    place: str
    reference: str
    name: str
    source: str
    alias: str
    ticked: bool
    made: bool
    word: str
    said: str
    href: str


@dataclass(frozen=True, slots=True)
class Report:
    """What an import has done just now."""

    made: int
    there: int
    failures: tuple[Outcome, ...]
    failed: int


@dataclass(frozen=True, slots=True)
class ImportPage:
    """`rows` is None before anything was read."""

    namespaces: Namespaces
    namespace: str
    text: str
    problem: str
    rows: tuple[ImportRow, ...] | None
    total: int
    first: int
    form: str
    counts: Mapping[str, int]
    ready: int
    """Ticked lines that can be imported."""
    plan: str
    sources: tuple[str, ...]
    add_source: str
    missing: tuple[str, ...]
    """Hosts of which there is no source."""
    report: Report | None
    commands: tuple[Commands, ...]

    @property
    def pages(self) -> Sequence[tuple[int, int, int]]:
        """First line, and first and last as people count them, of each page."""
        return [(at, at + 1, min(at + plan.PAGE, self.total)) for at in range(0, self.total, plan.PAGE)]


async def page(room: Room, visit: Visit) -> Reply:
    return await _shown(room, visit, visit.query.text("namespace"))


async def act(room: Room, visit: Visit) -> Reply:
    """Read what was sent, or take it a step further."""
    form = await forms.read_with_files(visit.exchange)
    namespace, action = form.text("namespace"), form.text("action")
    visit.doors.objects.rights.demand(visit.actor, "create", REPOSITORY, namespace)
    if "plan" not in form:
        return await _begun(room, visit, namespace, form)
    first = listing.number(form.text("first"))
    lines = plan.edited(plan.read(form.secret("plan")), first, frozenset(form.texts("tick")), *_edits(form, first))
    if action == "text":
        return await _shown(room, visit, namespace, plan.as_text(lines))
    judged = await _judged(visit, namespace, lines)
    if action == "import":
        return await _imported(room, visit, namespace, judged, first)
    return await _shown(
        room, visit, namespace, judged=judged, first=listing.number(action) if action.isdigit() else first
    )


async def _begun(room: Room, visit: Visit, namespace: str, form: Form) -> Reply:
    """Raises BadRequest for a file and a text at once only where both cannot be read: the file goes first."""
    text = form.secret("file") if form.text("file") else form.secret("text")
    try:
        if len(text) > _LONG:
            read = await visit.exchange.at_length(partial(reading.read, text))
        else:
            read = reading.read(text)
    except BadRequest as refused:
        kept = text if len(text) <= _LONG else ""
        return await _shown(room, visit, namespace, kept, visit.sentence(refused.text))
    judged = await _judged(visit, namespace, plan.begun(read.candidates))
    return await _shown(room, visit, namespace, judged=judged, form=read.form)


async def _judged(visit: Visit, namespace: str, lines: Sequence[Line]) -> list[Judged]:
    offered = [Offered(each.key, each.host) for each in await choices.sources(visit, namespace)]
    placed = judging.placed(lines, offered)
    reserved = {line.name for line in lines if line.name}
    named = [await _named(visit, namespace, each, reserved) for each in placed]
    held: dict[str, Image] = {}
    for each in named:
        name = each.line.name
        if each.sound and name not in held and (found := await existing.held(visit, namespace, name)) is not None:
            held[name] = found
    return judging.judged(named, held)


async def _named(visit: Visit, namespace: str, each: Placed, reserved: set[str]) -> Placed:
    """With the name of the object that keeps this image already, else one that is free."""
    if not each.sound or each.line.name or each.reference is None:
        return each
    name = await existing.same(visit, namespace, each.image)
    name = name or await existing.free(visit, namespace, each.reference.repository, each.reference.tag, reserved)
    reserved.add(name)
    return each._replace(line=each.line._replace(name=name))


async def _imported(room: Room, visit: Visit, namespace: str, judged: Sequence[Judged], first: int) -> Reply:
    """Make what is ticked and can be made. What fails stays on the page with its reason, to be mended."""
    visit.exchange.namespace = namespace
    chosen = [each for each in judged if each.line.state == "yes" and each.word == "create"]
    outcomes = await several.each(
        visit,
        "create",
        chosen,
        lambda each: (namespace, each.line.name),
        lambda each: visit.doors.objects.create(visit.actor, REPOSITORY, namespace, _document(namespace, each)),
    )
    done = {outcome.name for outcome in outcomes if not outcome.said}
    there = {outcome.name for outcome in outcomes if outcome.reason == AlreadyExists.__name__}
    failures = [each for each in outcomes if each.said and each.name not in there]
    lines = [_after(each, done | there) for each in judged]
    found = sum(each.word == "exists" and each.line.state == "yes" for each in judged)
    report = Report(len(done), len(there) + found, tuple(failures[:MOST_FAILURES]), len(failures))
    return await _shown(
        room, visit, namespace, judged=await _judged(visit, namespace, lines), first=first, report=report
    )


def _after(each: Judged, made: set[str]) -> Line:
    was_chosen = each.line.state == "yes" and each.word == "create"
    return each.line._replace(state="made") if was_chosen and each.line.name in made else each.line


def _document(namespace: str, each: Judged) -> dict[str, Any]:
    found, line = each.placed.reference, each.line
    assert found is not None  # noqa: S101 - what is to be created was taken apart
    draft = Draft(
        namespace=namespace, source=line.source, name=line.name, alias=line.alias, interval="", timeout="", retries=""
    )
    return drafts.document(draft, found)


async def _shown(
    room: Room,
    visit: Visit,
    namespace: str,
    text: str = "",
    problem: str = "",
    *,
    judged: Sequence[Judged] | None = None,
    first: int = 0,
    form: str = "",
    report: Report | None = None,
) -> Reply:
    namespaces = await choices.namespaces(visit)
    namespace = namespaces.default(namespace)
    visit.doors.objects.rights.demand(visit.actor, "create", REPOSITORY, namespace)
    told = judged or ()
    first = first if first < len(told) else 0
    words = ["made" if each.line.state == "made" else each.word for each in told]
    shown = [
        _row(number, each, namespace, visit) for number, each in enumerate(told) if first <= number < first + plan.PAGE
    ]
    context = ImportPage(
        namespaces,
        namespace,
        text,
        problem,
        None if judged is None else tuple(shown),
        len(told),
        first,
        form,
        {word: words.count(word) for word in ("create", "exists", "sourceless", "duplicate", "invalid", "made")},
        sum(each.line.state == "yes" and each.word == "create" for each in told),
        plan.write([each.placed.kept for each in told]),
        tuple(each.key for each in await choices.sources(visit, namespace))[:_OFFERED] if told else (),
        "/console/sources/new" if visit.may("create", REGISTRY_SECRET, namespace) else "",
        tuple(
            dict.fromkeys(
                each.placed.reference.host for each in told if each.word == "sourceless" and each.placed.reference
            )
        ),
        report,
        _commands(visit, namespace),
    )
    return await room.templates.page(visit, "image_import.html", context, place="images", namespace=namespace)


_OFFERED: Final = 200


def _row(number: int, each: Judged, namespace: str, visit: Visit) -> ImportRow:
    line = each.line
    return ImportRow(
        number,
        line.place,
        line.reference,
        line.name,
        line.source,
        line.alias,
        line.state == "yes",
        line.state == "made",
        each.word,
        visit.sentence(each.said) if each.said else "",
        rows.image_href(namespace, line.name) if each.word == "exists" else "",
    )


def _edits(form: Form, first: int) -> tuple[dict[int, str], dict[int, str]]:
    """Names and sources of the page that was shown."""
    numbers = range(first, first + plan.PAGE)
    names = {number: form.text(f"name-{number}") for number in numbers if f"name-{number}" in form}
    sources = {number: form.text(f"source-{number}") for number in numbers if f"source-{number}" in form}
    return names, sources


def _commands(visit: Visit, namespace: str) -> tuple[Commands, ...]:
    document = drafts.document(
        Draft(namespace=namespace, source=f"{namespace}/harbor", name="app", interval="", timeout="", retries=""),
        image_reference.parse("team/app:v1"),
    )
    return (
        Commands(
            visit.words.gettext("Add each of them"),
            commands.rest(visit.origin, "POST", REPOSITORY, namespace, body=document),
            commands.kubectl("apply", "-f", "images.yaml", namespace=namespace),
        ),
    )
