"""Change a registry source. The form brings along fingerprints of the fields it was made of: a source's resourceVersion
moves with every status that is written, so it does not tell whether somebody else has changed a field."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from imageyard.domain.errors import Conflict, Failure, Invalid
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.kinds.registry_secret import RegistrySecret
from imageyard.domain.secret import Secret
from imageyard.registry import Probe, Told
from imageyard.service.objects import Patch
from imageyard.web.console import commands, forms, going, rows, source_fields, source_form, tested
from imageyard.web.console.commands import Commands
from imageyard.web.console.forms import Form
from imageyard.web.console.room import Room
from imageyard.web.console.source_fields import Entered
from imageyard.web.console.source_form import Difference, FormPage
from imageyard.web.console.trial import Test
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply, Stream

_KIND: Final = REGISTRY_SECRET
_TRIES: Final = 5
"""Times a change is written anew over a status that was written meanwhile."""
_LONGEST: Final = 2_000
"""Characters of a value that a difference shows."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """What came with the form: `uid` and `was` tell what it was made of; the password is None where it stays."""

    entered: Entered
    uid: str
    was: Mapping[str, str]
    password: Secret | None


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    found = await _found(visit, namespace, name)
    return await source_form.answer(room, visit, _page(visit, found, source_fields.of(found)))


async def act(room: Room, visit: Visit, namespace: str, name: str) -> Reply | Stream:
    found = await _found(visit, namespace, name)
    form = await forms.read(visit.exchange)
    typed = _typed(form, found)
    if typed.uid != found.metadata.uid:
        raise Conflict(_KIND.singular, name)
    shown = replace(_page(visit, found, typed.entered), marks=form.text("was"), retype=bool(typed.password))
    try:
        if missing := source_form.named(typed.entered):
            raise Invalid(missing, kind=_KIND.singular, name=name)
        if form.text("do") == "test":
            return await _tried(room, visit, shown, _test(visit, found, typed))
        differences = _differences(typed, source_fields.of(found))
        if differences:
            return await _conflicting(room, visit, found, typed, differences)
        return await _save(visit, found, typed)
    except Failure as failure:
        return await source_form.answer(room, visit, replace(shown, wrong=source_form.wrong(failure, visit)))


async def _found(visit: Visit, namespace: str, name: str) -> RegistrySecret:
    """Raises Forbidden for who may not change it, NotFound."""
    visit.doors.objects.rights.demand(visit.actor, "patch", _KIND, namespace, name)
    stored = await visit.doors.objects.get(visit.actor, _KIND, namespace, name)
    found: RegistrySecret = _KIND.decode(stored.body)
    return found


def _typed(form: Form, found: RegistrySecret) -> _Typed:
    meta, entered = found.metadata, source_fields.read(form)
    placed = replace(entered, namespace=meta.namespace, name=meta.name)
    return _Typed(placed, form.text("uid"), _read_marks(form.text("was")), _password(form, placed, found))


def _password(form: Form, entered: Entered, found: RegistrySecret) -> Secret | None:
    """The one that was typed; the empty one where a source becomes anonymous; None where it stays as it is."""
    if entered.anonymous:
        return Secret("") if found.spec.username else None
    return Secret(form.secret("password")) if form.secret("password") else None


async def _tried(room: Room, visit: Visit, shown: FormPage, test: Test) -> Reply | Stream:
    if visit.enhanced:
        return await tested.watched(room, visit, test)
    return await source_form.answer(room, visit, replace(shown, tested=await tested.whole(visit, test)))


def _test(visit: Visit, found: RegistrySecret, typed: _Typed) -> Test:
    """Of the stored credential where nothing about it is changed, as its page then shows; else of what was typed."""
    meta, entered = found.metadata, typed.entered
    changed = source_fields.changed(entered, source_fields.marks(source_fields.of(found))) - {"allowedNamespaces"}
    body = source_fields.patch(entered, changed, typed.password).get("spec", {})

    async def test(told: Told) -> Probe:
        return await visit.doors.verifier.by_request(visit.actor, meta.namespace, meta.name, body, told)

    return test


def _differences(typed: _Typed, theirs: Entered) -> list[Difference]:
    """Fields that are not what the form was made of any more, unless both say the same now."""
    mine = source_fields.changed(typed.entered, typed.was)
    moved = source_fields.changed(theirs, typed.was)
    return [
        Difference(name, theirs[name][:_LONGEST], typed.entered[name][:_LONGEST], name in mine)
        for name in source_fields.NAMES
        if name in moved and theirs[name] != typed.entered[name]
    ]


async def _conflicting(
    room: Room, visit: Visit, found: RegistrySecret, typed: _Typed, differences: list[Difference]
) -> Reply:
    """The form anew over what is stored now; saved again, it keeps what was typed."""
    merged = source_fields.merged(typed.entered, source_fields.of(found), typed.was)
    shown = replace(_page(visit, found, merged), differences=differences, retype=bool(typed.password))
    answer = await room.templates.page(visit, source_form.TEMPLATE, shown, place="sources")
    return answer._replace(status=409)


async def _save(visit: Visit, found: RegistrySecret, typed: _Typed) -> Reply:
    meta = found.metadata
    fields = source_fields.changed(typed.entered, source_fields.marks(source_fields.of(found)))
    change = source_fields.patch(typed.entered, fields, typed.password)
    for _ in range(_TRIES):
        version = {"resourceVersion": found.metadata.resource_version, "uid": typed.uid}
        whole = {**change, "metadata": {**change.get("metadata", {}), **version}}
        try:
            await visit.doors.objects.patch(visit.actor, _KIND, meta.namespace, meta.name, Patch("merge", whole))
            return going.to(visit, f"{rows.source_href(meta.namespace, meta.name)}?done=save")
        except Conflict:
            found = await _found(visit, meta.namespace, meta.name)
            if _differences(typed, source_fields.of(found)):
                raise
    raise Conflict(_KIND.singular, meta.name)


def _read_marks(text: str) -> dict[str, str]:
    """What is no such thing says that everything has changed."""
    try:
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _page(visit: Visit, found: RegistrySecret, entered: Entered) -> FormPage:
    meta = found.metadata
    href = rows.source_href(meta.namespace, meta.name)
    return FormPage(
        action=f"{href}/edit",
        back=href,
        entered=entered,
        editing=True,
        may_test=visit.may.verify(meta.namespace, meta.name),
        commands=_commands(visit, found),
        uid=meta.uid,
        marks=msgspec.json.encode(source_fields.marks(source_fields.of(found))).decode(),
        password_set=found.status.password_set,
    )


def _commands(visit: Visit, found: RegistrySecret) -> tuple[Commands, ...]:
    namespace, name = found.metadata.namespace, found.metadata.name
    change = {"spec": {"username": found.spec.username, "password": "PASSWORD"}}  # nosec B105 # a word in its place
    return (
        Commands(
            visit.words.gettext("Change user name and password"),
            commands.rest(visit.origin, "PATCH", _KIND, namespace, f"/{name}", body=change),
            commands.patch(_KIND, namespace, name, change),
        ),
        Commands(
            visit.words.gettext("Change any field"),
            commands.rest(visit.origin, "GET", _KIND, namespace, f"/{name}"),
            commands.kubectl("edit", _KIND.singular, name, namespace=namespace),
        ),
    )
