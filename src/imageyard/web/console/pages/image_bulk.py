"""One action on many images: sync, suspend, resume, change at once; delete after a page that lists them and wants their
number typed. What failed is told for each, with its reason."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from imageyard.domain.errors import BadRequest, Failure
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.text import Text
from imageyard.service.objects import Patch
from imageyard.service.removal import Removal
from imageyard.web import reply
from imageyard.web.console import commands, doing, forms, listing, picks, several
from imageyard.web.console.commands import Commands
from imageyard.web.console.forms import Form
from imageyard.web.console.pages import images
from imageyard.web.console.picks import Pick
from imageyard.web.console.room import Room
from imageyard.web.console.several import Outcome
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/images/bulk"
MOST_COMMANDED: Final = 50
"""Names that a command lists."""
Work = Callable[[Pick], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class BulkPage:
    """Before a deed that wants to be confirmed. `items` carries each with its uid, so that what is deleted is what was
    shown; `count` is what has to be typed."""

    action: str
    groups: Mapping[str, Sequence[Pick]]
    items: str
    count: int
    mistyped: bool
    problem: str
    interval: str
    labels: str
    back: str
    back_fields: tuple[tuple[str, str], ...]
    commands: tuple[Commands, ...]


@dataclass(frozen=True, slots=True)
class ReportPage:
    """After one of which not all succeeded."""

    action: str
    done: int
    failures: tuple[Outcome, ...]
    back: str
    back_fields: tuple[tuple[str, str], ...]


async def act(room: Room, visit: Visit) -> Reply:
    form = await forms.read(visit.exchange)
    action = form.text("action")
    chosen = await _chosen(form, visit)
    match action:
        case "sync":
            return await _each(room, visit, form, chosen, "create", lambda pick: _sync(visit, pick), "sync")
        case "suspend" | "resume":
            change = {"spec": {"suspend": action == "suspend"}}
            return await _each(room, visit, form, chosen, "patch", lambda pick: _patch(visit, pick, change))
        case "change":
            return await _change(room, visit, form, chosen)
        case "delete":
            return await _delete(room, visit, form, chosen)
    raise BadRequest(Text("没有这个操作", "there is no such action"))


async def _chosen(form: Form, visit: Visit) -> list[Pick]:
    """Those that were ticked, or all that the list shows with the filters that came along. Raises BadRequest where
    nothing is chosen, or too much."""
    if form.text("all") != "1":
        return picks.ticked(form, several.MOST)
    found = await images.matching(visit, form, several.MOST)
    if found.total > several.MOST:
        raise BadRequest(picks.too_many(several.MOST))
    named = (REPOSITORY.decode(stored.body).metadata for stored in found.items)
    return picks.bounded([Pick(each.namespace, each.name) for each in named], several.MOST)


async def _delete(room: Room, visit: Visit, form: Form, chosen: list[Pick]) -> Reply:
    if form.text("confirmed") != str(len(chosen)):
        seen = await _seen(visit, chosen, "delete")
        return await _asked(room, visit, form, "delete", seen, mistyped="confirmed" in form)
    return await _each(room, visit, form, chosen, "delete", lambda pick: _remove(visit, pick))


async def _change(room: Room, visit: Visit, form: Form, chosen: list[Pick]) -> Reply:
    """An interval, and labels to set (`key=value`) or to take off (`key-`), as kubectl label has it."""
    interval, labels = form.text("interval"), form.text("labels")
    problem = ""
    if "interval" in form:
        try:
            change = _changes(interval, labels)
            return await _each(room, visit, form, chosen, "patch", lambda pick: _patch(visit, pick, change))
        except BadRequest as refused:
            problem = visit.sentence(refused.text)
    return await _asked(room, visit, form, "change", await _seen(visit, chosen, "patch"), problem=problem)


async def _seen(visit: Visit, chosen: Sequence[Pick], verb: str) -> list[Pick]:
    """Those that are there, with their uids. Raises Forbidden where the reader may do it to none of them."""
    _demand(visit, chosen, verb)
    found = []
    for pick in chosen:
        try:
            stored = await visit.doors.objects.get(visit.actor, REPOSITORY, *pick.place)
        except Failure:
            continue
        found.append(pick._replace(uid=stored.uid))
    return picks.bounded(found, several.MOST)


def _demand(visit: Visit, chosen: Sequence[Pick], verb: str, sub: str = "") -> None:
    places = [pick.place for pick in chosen]
    visit.doors.objects.rights.demand_one(visit.actor, verb, REPOSITORY, places, sub)


async def _asked(
    room: Room, visit: Visit, form: Form, action: str, seen: list[Pick], *, mistyped: bool = False, problem: str = ""
) -> Reply:
    context = BulkPage(
        action,
        picks.by_namespace(seen),
        "\n".join(pick.text for pick in sorted(seen)),
        len(seen),
        mistyped,
        problem,
        form.text("interval"),
        form.text("labels"),
        _back(form),
        _back_fields(form),
        _commands(visit, action, seen),
    )
    return await room.templates.page(visit, "image_bulk.html", context, place="images")


async def _each(
    room: Room, visit: Visit, form: Form, chosen: list[Pick], verb: str, work: Work, sub: str = ""
) -> Reply:
    doing.to_image(visit, verb, sub=sub)
    _demand(visit, chosen, verb, sub)
    action = form.text("action")
    outcomes = await several.each(visit, verb, chosen, lambda pick: pick.place, work)
    failures = tuple(outcome for outcome in outcomes if outcome.said)
    back, done = _back(form), len(outcomes) - len(failures)
    if failures:
        context = ReportPage(action, done, failures, back, _back_fields(form))
        return await room.templates.page(visit, "image_report.html", context, place="images")
    return reply.see_other(f"{back}{'&' if '?' in back else '?'}done=bulk-{action}&count={done}")


async def _sync(visit: Visit, pick: Pick) -> None:
    await visit.doors.sync_requests.sync(visit.actor, *pick.place)


async def _patch(visit: Visit, pick: Pick, change: Mapping[str, Any]) -> None:
    await visit.doors.objects.patch(visit.actor, REPOSITORY, *pick.place, Patch("merge", change))


async def _remove(visit: Visit, pick: Pick) -> None:
    await visit.doors.objects.delete(visit.actor, REPOSITORY, *pick.place, Removal(uid=pick.uid))


def _changes(interval: str, labels: str) -> dict[str, Any]:
    """Raises BadRequest where nothing is to be changed, or a label is none."""
    wanted = dict(_label(text) for text in labels.replace(",", " ").split())
    if not interval and not wanted:
        raise BadRequest(Text("请填写同步间隔或标签", "write an interval or labels"))
    return {
        **({"spec": {"syncInterval": interval}} if interval else {}),
        **({"metadata": {"labels": wanted}} if wanted else {}),
    }


def _label(text: str) -> tuple[str, str | None]:
    key, equals, value = text.partition("=")
    if equals:
        return key, value
    if text.endswith("-"):
        return text[:-1], None
    raise BadRequest(Text("标签写作 键=值，删除写作 键-", "write a label as key=value, or key- to remove it"))


def _back(form: Form) -> str:
    """The list the action came from."""
    return listing.asked(images.PATH, form, images.FILTERS).href()


def _back_fields(form: Form) -> tuple[tuple[str, str], ...]:
    """The same, to be carried through another form."""
    return tuple((name, form.text(name)) for name in images.FILTERS if form.text(name))


def _commands(visit: Visit, action: str, seen: Sequence[Pick]) -> tuple[Commands, ...]:
    if action != "delete" or len(seen) > MOST_COMMANDED:
        return ()
    return tuple(
        Commands(
            visit.words.gettext("Delete them"),
            commands.rest(visit.origin, "DELETE", REPOSITORY, namespace, body={"names": [pick.name for pick in group]}),
            commands.kubectl("delete", REPOSITORY.plural, *(pick.name for pick in group), namespace=namespace),
        )
        for namespace, group in picks.by_namespace(seen).items()
    )
