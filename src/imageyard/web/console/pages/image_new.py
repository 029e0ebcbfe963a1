"""Add one image: its reference taken apart as it is typed, a source that fits, a name, a test fetch."""

from dataclasses import dataclass, replace
from typing import Final

from imageyard.domain.errors import INVALID, AlreadyExists, Cause, Invalid
from imageyard.domain.image_reference import ImageReference
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.text import Text
from imageyard.web import reply
from imageyard.web.console import choices, commands, documents, drafts, existing, forms, image_forms, rows
from imageyard.web.console.choices import Namespaces
from imageyard.web.console.commands import Commands
from imageyard.web.console.drafts import Draft
from imageyard.web.console.image_forms import Offer, Problems, Reading, Tested
from imageyard.web.console.room import Room
from imageyard.web.console.visit import Visit
from imageyard.web.reply import Reply

PATH: Final = "/console/images/new"
_TAKEN: Final = Text("此名称已被使用，请换一个名称", "this name is taken; choose a different one")


@dataclass(frozen=True, slots=True)
class NewImagePage:
    draft: Draft
    reading: Reading | None
    offer: Offer
    namespaces: Namespaces
    problems: Problems
    tested: Tested | None
    may_test: bool
    commands: tuple[Commands, ...]


async def page(room: Room, visit: Visit) -> Reply:
    """The form; for htmx what of it depends on the reference and the namespace."""
    return await _shown(room, visit, drafts.read(visit.query))


async def act(room: Room, visit: Visit) -> Reply:
    """Test what the form names, or make it."""
    form = await forms.read(visit.exchange)
    draft = drafts.read(form)
    visit.doors.objects.rights.demand(visit.actor, "create", REPOSITORY, draft.namespace)
    image = image_forms.taken_apart(draft.image)
    wrong = image_forms.causes(draft, await choices.sources(visit, draft.namespace))
    if wrong or image is None:
        return await _shown(room, visit, draft, image_forms.problems(wrong, visit))
    draft = replace(draft, name=draft.name or await _free(visit, draft, image))
    try:
        if form.text("action") == "test":
            return await _shown(room, visit, draft, tested=await image_forms.tested(visit, draft, image))
        return await _made(visit, draft, image)
    except Invalid as invalid:
        return await _shown(room, visit, draft, image_forms.invalid(invalid, visit))
    except AlreadyExists:
        taken = Cause("metadata.name", INVALID, _TAKEN)
        return await _shown(room, visit, draft, image_forms.problems([taken], visit))


async def _made(visit: Visit, draft: Draft, image: ImageReference) -> Reply:
    visit.exchange.namespace = draft.namespace
    made = await visit.doors.objects.create(visit.actor, REPOSITORY, draft.namespace, drafts.document(draft, image))
    visit.exchange.name = made.stored.key.name
    return reply.see_other(f"{rows.image_href(draft.namespace, draft.name)}?done=image-added")


async def _shown(
    room: Room, visit: Visit, draft: Draft, problems: Problems | None = None, *, tested: Tested | None = None
) -> Reply:
    namespaces = await choices.namespaces(visit)
    draft = replace(draft, namespace=namespaces.default(draft.namespace or visit.query.text("namespace")))
    visit.doors.objects.rights.demand(visit.actor, "create", REPOSITORY, draft.namespace)
    image = image_forms.taken_apart(draft.image)
    offer = await image_forms.offer(visit, draft.namespace, image)
    draft = await _proposed(visit, replace(draft, source=_source(draft, image, offer)), image)
    context = NewImagePage(
        draft,
        image_forms.reading(visit, draft, offer),
        offer,
        namespaces,
        problems or {},
        tested,
        visit.may("create", REPOSITORY, draft.namespace, draft.name or image_forms.UNNAMED, "sync"),
        _commands(visit, draft, image),
    )
    return await room.templates.page(visit, "image_new.html", context, place="images", namespace=draft.namespace)


def _source(draft: Draft, image: ImageReference | None, offer: Offer) -> str:
    """What was chosen, as long as it is offered; else the only one there is, or the first of the host."""
    if offer.by_hand or any(each.key == draft.source for each in offer.sources):
        return draft.source
    if len(offer.sources) == 1:
        return offer.sources[0].key
    host = image.host if image is not None else ""
    return next((each.key for each in offer.sources if each.host == host), "")


async def _proposed(visit: Visit, draft: Draft, image: ImageReference | None) -> Draft:
    """With a name from the path, unless one was typed."""
    if image is None or draft.name not in ("", draft.proposed):
        return draft
    name = await _free(visit, draft, image)
    return replace(draft, name=name, proposed=name)


async def _free(visit: Visit, draft: Draft, image: ImageReference) -> str:
    return await existing.free(visit, draft.namespace, image.repository, image.tag)


def _commands(visit: Visit, draft: Draft, image: ImageReference | None) -> tuple[Commands, ...]:
    shown = image or ImageReference(None, "team/app", "v1", tagged=True)
    document = drafts.document(replace(draft, name=draft.name or "app", source=draft.source or "team/harbor"), shown)
    words, namespace = visit.words, draft.namespace
    return (
        Commands(
            words.gettext("Add this image"),
            commands.rest(visit.origin, "POST", REPOSITORY, namespace, body=document),
            f"kubectl apply -f - <<'EOF'\n{documents.yaml_of(document)}EOF",
        ),
        Commands(
            words.gettext("Test fetch"),
            commands.rest(
                visit.origin,
                "POST",
                REPOSITORY,
                namespace,
                f"/{document['metadata']['name']}/sync",
                query={"dryRun": "All"},
                body=document["spec"],
            ),
        ),
    )
