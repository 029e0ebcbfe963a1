"""Change one image. What somebody else changed meanwhile is not overwritten unseen: it is shown beside one's own."""

from dataclasses import dataclass, replace

from imageyard.domain.errors import Conflict, Invalid
from imageyard.domain.image_reference import ImageReference
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.service.objects import Patch
from imageyard.web import reply
from imageyard.web.console import choices, commands, drafts, forms, image_forms, rows
from imageyard.web.console.commands import Commands
from imageyard.web.console.drafts import Draft
from imageyard.web.console.image_forms import Offer, Problems, Reading, Tested
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

_TRIES = 5
"""Times the engine may write a status in between before one is asked to try again."""
_IDENTITY = frozenset({"image", "source", "platform"})
"""What decides which manifest there is."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else has changed: what it was, what it is, what the reader wants. `both` tells that the
    reader has changed it too."""

    field: str
    before: str
    theirs: str
    mine: str
    both: bool


@dataclass(frozen=True, slots=True)
class EditImagePage:
    href: str
    draft: Draft
    base: Draft
    """What is stored, as the form knows it."""
    version: str
    reading: Reading | None
    offer: Offer
    problems: Problems
    differences: tuple[Difference, ...]
    tested: Tested | None
    may_test: bool
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """The form; for htmx what of it depends on the reference."""
    found = await _read(visit, namespace, name)
    stored = drafts.of(found)
    typed = drafts.read(visit.query) if "image" in visit.query else stored
    draft = replace(stored, image=typed.image, source=typed.source)
    return await _shown(room, visit, found, draft)


async def act(room: Room, visit: Visit, namespace: str, name: str) -> Reply:
    """Test what the form names, or write it."""
    form = await forms.read(visit.exchange)
    found = await _read(visit, namespace, name)
    mine = replace(drafts.read(form), namespace=namespace, name=name)
    image = image_forms.taken_apart(mine.image)
    wrong = image_forms.causes(mine, await choices.sources(visit, namespace))
    base, version = drafts.before(form), form.text("version")
    if wrong or image is None:
        return await _shown(room, visit, found, mine, image_forms.problems(wrong, visit), base=base, version=version)
    try:
        if form.text("action") == "test":
            tested = await image_forms.tested(visit, mine, image)
            return await _shown(room, visit, found, mine, base=base, version=version, tested=tested)
        return await _written(room, visit, mine, image, base, version)
    except Invalid as invalid:
        told = image_forms.invalid(invalid, visit)
        return await _shown(room, visit, found, mine, told, base=base, version=version)


async def _written(room: Room, visit: Visit, mine: Draft, image: ImageReference, base: Draft, version: str) -> Reply:
    """A version that differs by its status alone is no conflict: the engine writes that all the time."""
    namespace, name = mine.namespace, mine.name
    for _ in range(_TRIES):
        found = await _read(visit, namespace, name)
        theirs = drafts.of(found)
        if found.metadata.resource_version != version and drafts.changed(theirs, base):
            return await _shown(
                room, visit, found, drafts.merged(mine, base, theirs), differences=_differences(mine, base, theirs)
            )
        change = Patch("merge", drafts.patch(mine, image, found.metadata.resource_version))
        try:
            await visit.doors.objects.patch(visit.actor, REPOSITORY, namespace, name, change)
        except Conflict:
            continue
        done = "image-resyncs" if _IDENTITY.intersection(drafts.changed(mine, theirs)) else "image-saved"
        return reply.see_other(f"{rows.image_href(namespace, name)}?done={done}")
    raise Conflict(REPOSITORY.singular, name)


async def _read(visit: Visit, namespace: str, name: str) -> Repository:
    visit.doors.objects.rights.demand(visit.actor, "patch", REPOSITORY, namespace, name)
    stored = await visit.doors.objects.get(visit.actor, REPOSITORY, namespace, name)
    found: Repository = REPOSITORY.decode(stored.body)
    return found


def _differences(mine: Draft, base: Draft, theirs: Draft) -> tuple[Difference, ...]:
    own = drafts.changed(mine, base)
    return tuple(
        Difference(name, getattr(base, name), getattr(theirs, name), getattr(mine, name), name in own)
        for name in drafts.changed(theirs, base)
    )


async def _shown(
    room: Room,
    visit: Visit,
    found: Repository,
    draft: Draft,
    problems: Problems | None = None,
    *,
    base: Draft | None = None,
    version: str = "",
    differences: tuple[Difference, ...] = (),
    tested: Tested | None = None,
) -> Reply:
    meta = found.metadata
    image = image_forms.taken_apart(draft.image)
    offer = await image_forms.offer(visit, meta.namespace, image)
    context = EditImagePage(
        rows.image_href(meta.namespace, meta.name),
        draft,
        base or drafts.of(found),
        version or meta.resource_version,
        image_forms.reading(visit, draft, offer),
        offer,
        problems or {},
        differences,
        tested,
        visit.may.sync(meta.namespace, meta.name),
        _commands(visit, draft, image),
    )
    return await room.templates.page(visit, "image_edit.html", context, place="images", namespace=meta.namespace)


def _commands(visit: Visit, draft: Draft, image: ImageReference | None) -> tuple[Commands, ...]:
    if image is None:
        return ()
    change = drafts.patch(draft, image, "")
    del change["metadata"]["resourceVersion"]
    edit = commands.kubectl("edit", REPOSITORY.singular, draft.name, namespace=draft.namespace)
    sent = commands.rest(visit.origin, "PATCH", REPOSITORY, draft.namespace, f"/{draft.name}", body=change)
    return (Commands(visit.words.gettext("Change this image"), sent, edit),)
