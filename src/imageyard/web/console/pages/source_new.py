"""Add a registry source: the form, a test of what is in it that stores nothing, and the deed."""

from dataclasses import replace
from typing import Final

from imageyard.domain.errors import Failure, Forbidden, NotFound
from imageyard.domain.kinds import NAMESPACE, REGISTRY_SECRET
from imageyard.domain.kinds.namespace import DEFAULT
from imageyard.domain.secret import Secret
from imageyard.registry import Probe, Told
from imageyard.web.console import commands, forms, going, presets, rows, source_fields, source_form, tested
from imageyard.web.console.commands import Commands
from imageyard.web.console.room import Room
from imageyard.web.console.source_fields import Entered
from imageyard.web.console.source_form import FormPage
from imageyard.web.console.trial import Test
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply, Stream

PATH: Final = "/console/sources/new"
LIST: Final = "/console/sources"
MOST_DOMAIN: Final = 300
"""Characters of a domain that another page hands over."""
_KIND: Final = REGISTRY_SECRET


async def page(room: Room, visit: Visit) -> Reply:
    """Raises Forbidden for who may add none anywhere."""
    places = await where(visit)
    preset = presets.BY_KEY.get(visit.query.text("preset"), presets.BY_KEY["other"])
    chosen = visit.query.text("namespace")
    domain = visit.query.text("domain")[:MOST_DOMAIN]
    entered = source_fields.blank(chosen if chosen in places else usual(places), preset, domain)
    return await source_form.answer(room, visit, _page(visit, places, entered, preset.key))


async def act(room: Room, visit: Visit) -> Reply | Stream:
    places = await where(visit)
    form = await forms.read(visit.exchange)
    entered, typed = source_fields.read(form), Secret(form.secret("password"))
    password = Secret("") if entered.anonymous else typed
    shown = replace(_page(visit, places, entered, form.text("preset")), retype=bool(typed))
    try:
        if form.text("do") != "test":
            return await _create(visit, entered, password)
        test = _test(visit, entered, password)
        if visit.enhanced:
            return await tested.watched(room, visit, test)
        return await source_form.answer(room, visit, replace(shown, tested=await tested.whole(visit, test)))
    except Failure as failure:
        return await source_form.answer(room, visit, replace(shown, wrong=source_form.wrong(failure, visit)))


async def where(visit: Visit) -> list[str]:
    """The namespaces in which the reader may add one. Raises Forbidden where there is none."""
    places = visit.may.create_in(_KIND, await visit.namespaces())
    if not places:
        visit.doors.objects.rights.demand(visit.actor, "create", _KIND, "")
    return places


def may_type_namespace(visit: Visit) -> bool:
    """Whether a namespace that is not there yet may be named."""
    return visit.doors.objects.makes_namespaces and visit.may("create", _KIND, "")


def usual(places: list[str]) -> str:
    return places[0] if places and DEFAULT not in places else DEFAULT


def _test(visit: Visit, entered: Entered, password: Secret) -> Test:
    """Raises Invalid for a form that is not complete; it may have no name yet."""
    called = entered.name or source_form.nameless()
    source_form.check(replace(entered, name=called), password)
    body = source_fields.spec(entered) | {"password": password.reveal()}

    async def test(told: Told) -> Probe:
        return await visit.doors.verifier.by_request(visit.actor, entered.namespace, called, body, told)

    return test


async def _create(visit: Visit, entered: Entered, password: Secret) -> Reply:
    source_form.check(entered, password)
    asked, document = visit.exchange, source_fields.document(entered, password)
    await admitted(visit, entered.namespace)
    await visit.doors.objects.create(visit.actor, _KIND, entered.namespace, document)
    asked.namespace, asked.name = entered.namespace, entered.name
    return going.to(visit, f"{rows.source_href(entered.namespace, entered.name)}?done=add")


async def admitted(visit: Visit, namespace: str) -> None:
    """Raises Forbidden about the namespace itself, where that is what the reader may not write to."""
    try:
        visit.doors.objects.rights.demand(visit.actor, "create", _KIND, namespace)
    except Forbidden as refused:
        raise Forbidden(refused.text, kind=NAMESPACE.singular, name=namespace) from None


def missing(failure: Failure) -> bool:
    """Whether a namespace is not there that would be made."""
    return isinstance(failure, NotFound) and failure.kind == NAMESPACE.singular


def _page(visit: Visit, places: list[str], entered: Entered, preset: str) -> FormPage:
    return FormPage(
        action=PATH,
        back=LIST,
        entered=entered,
        editing=False,
        may_test=any(visit.may.verify(place, "") for place in [*places, ""]),
        commands=_commands(visit, entered),
        namespaces=places,
        may_type_namespace=may_type_namespace(visit),
        preset=preset,
    )


def _commands(visit: Visit, entered: Entered) -> tuple[Commands, ...]:
    """Of what stands in the form, with a word in place of the password."""
    named = replace(entered, name=entered.name or "my-registry")
    body = source_fields.document(named, Secret("PASSWORD"))
    where, below = entered.namespace or DEFAULT, f"/{named.name}/verify"
    brought = source_fields.spec(named) | {"password": "PASSWORD"}  # nosec B105 # a word in its place
    return (
        Commands(
            visit.words.gettext("Add it"),
            commands.rest(visit.origin, "POST", _KIND, where, body=body),
            commands.applied(_KIND, body),
        ),
        Commands(
            visit.words.gettext("Test it before it is saved"),
            commands.rest(visit.origin, "POST", _KIND, where, below, body=brought),
        ),
    )
