"""What the forms for one image show beside its fields: the reference taken apart, sources to choose from, what a test
fetch found, and what is wrong with which field."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from imageyard.domain import image_reference
from imageyard.domain.audit import DRY_RUN, RESULT
from imageyard.domain.errors import INVALID, Cause, Invalid, TooManyRequests
from imageyard.domain.image_reference import ImageReference
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.reference import InvalidReference
from imageyard.domain.text import Text
from imageyard.web.console import choices, doing, drafts
from imageyard.web.console.choices import Source
from imageyard.web.console.drafts import Draft
from imageyard.web.console.visit import Said, Visit

MOST_OFFERED: Final = 200
"""Sources in a list to choose from; beyond, the name of one is typed."""
UNNAMED: Final = "test"

Problems = Mapping[str, tuple[str, ...]]
"""Sentences by the field they are about, "" for all of them together."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reference taken apart, or why it is none. `hosted` tells that a host is written."""

    problem: str = ""
    host: str = ""
    path: str = ""
    asked_as: str = ""
    tag: str = ""
    digest: str = ""
    hosted: bool = False
    tagged: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """Registry sources to choose from. `by_hand` where they are too many to choose from or out of the reader's sight;
    `missing` is the host that none of them is of; `add` leads to where one is added, "" where that is not allowed."""

    sources: tuple[Source, ...]
    by_hand: bool
    missing: str
    add: str


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test fetch found. `waits` is why it was not made now."""

    success: bool
    said: Said
    digest: str = ""
    size: str = ""
    media_type: str = ""
    platforms: tuple[str, ...] = ()
    layers: int = 0
    waits: str = ""


def taken_apart(text: str) -> ImageReference | None:
    """None for what is no reference."""
    try:
        return image_reference.parse(text)
    except InvalidReference:
        return None


def reading(visit: Visit, draft: Draft, offered: Offer) -> Reading | None:
    """None as long as nothing is typed. What has no host is of the source that is chosen."""
    if not draft.image:
        return None
    try:
        found = image_reference.parse(draft.image)
    except InvalidReference as wrong:
        return Reading(problem=visit.sentence(wrong.text))
    chosen = next((each.host for each in offered.sources if each.key == draft.source), found.host)
    host = chosen if found.domain is None else found.host
    return Reading(
        host=host,
        path=found.repository,
        asked_as=image_reference.asked_as(host, found.repository),
        tag=found.tag,
        digest=found.digest or "",
        hosted=found.domain is not None,
        tagged=found.tagged,
    )


async def offer(visit: Visit, namespace: str, found: ImageReference | None) -> Offer:
    host = found.host if found is not None and found.domain is not None else ""
    sources = await choices.sources(visit, namespace, host)
    anywhere = bool(sources) or bool(await choices.sources(visit, namespace))
    missing = host if anywhere and not sources else ""
    may_add = visit.may("create", REGISTRY_SECRET, namespace)
    return Offer(
        sources, len(sources) > MOST_OFFERED or not anywhere, missing, "/console/sources/new" if may_add else ""
    )


def problems(found: Iterable[Cause], visit: Visit) -> Problems:
    speak = visit.sentence
    return {name: tuple(speak(cause.text) for cause in told) for name, told in drafts.by_field(found).items()}


def causes(draft: Draft, sources: Iterable[Source]) -> list[Cause]:
    """What is wrong before anything is asked of the server: a field that cannot be read, a host that is another's."""
    found = drafts.causes(draft)
    try:
        parsed = image_reference.parse(draft.image)
    except InvalidReference as wrong:
        return [Cause("spec.repository", INVALID, wrong.text), *found]
    host = next((each.host for each in sources if each.key == draft.source), parsed.host)
    if parsed.domain is not None and host != parsed.host:
        found.append(Cause("spec.registryRef", INVALID, _another_host(host, parsed.host)))
    return found


def _another_host(host: str, written: str) -> Text:
    return Text(f"该镜像源属于 {host}，而不是 {written}", f"this source is of {host}, not of {written}")


async def tested(visit: Visit, draft: Draft, image: ImageReference) -> Tested:
    """Fetch what the draft names, and store nothing. Raises Invalid."""
    name = draft.name or UNNAMED
    doing.to_image(visit, "create", draft.namespace, name, "sync")
    visit.exchange.told[DRY_RUN] = "All"
    document = {**drafts.document(draft, image), "metadata": {"name": name}}
    try:
        status = await visit.doors.sync_requests.preview(visit.actor, draft.namespace, name, document)
    except TooManyRequests as slower:
        return Tested(False, visit.said("RateLimited"), waits=visit.sentence(slower.text))
    visit.exchange.told[RESULT] = str(status.get("reason", ""))
    return _tested(status, visit)


def _tested(status: Mapping[str, Any], visit: Visit) -> Tested:
    said = visit.said(str(status.get("reason", "")), str(status.get("message", "")))
    manifest = status.get("manifest")
    if not manifest:
        return Tested(False, said)
    platforms = tuple(
        "/".join(filter(None, (each["os"], each["architecture"], each.get("variant", ""))))
        for each in manifest.get("platforms", ())
    )
    return Tested(
        True,
        said,
        manifest.get("digest", ""),
        manifest.get("size", ""),
        manifest.get("mediaType", ""),
        platforms,
        len(manifest.get("layers", ())),
    )


def invalid(failure: Invalid, visit: Visit) -> Problems:
    return problems(failure.causes, visit)
