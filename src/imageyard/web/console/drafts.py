"""An image as a form holds it: as typed, sound or not; and from there to what is created or patched. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from msgspec import UNSET

from imageyard.domain.errors import INVALID, Cause
from imageyard.domain.image_reference import ImageReference
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.kinds.repository import Repository
from imageyard.domain.objects import ANNOTATION
from imageyard.domain.text import Text
from imageyard.web.console.forms import Form

ALIAS: Final = ANNOTATION + "display-name"
CHANGEABLE: Final = ("image", "source", "alias", "interval", "timeout", "retries", "platform", "suspend")
"""Fields of an image that is there already."""
_FIELDS: Final = {
    "metadata.name": "name",
    "metadata.namespace": "namespace",
    "metadata.annotations": "alias",
    "spec.repository": "image",
    "spec.tag": "image",
    "spec.registryRef": "source",
    "spec.syncInterval": "interval",
    "spec.syncTimeout": "timeout",
    "spec.retryCount": "retries",
    "spec.platform": "platform",
}
_MOST_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Draft:
    """`source` is `namespace/name`; `proposed` the name that was proposed last, so that one that was typed is kept;
    `suspend` is "1" or ""."""

    image: str = ""
    namespace: str = ""
    source: str = ""
    name: str = ""
    proposed: str = ""
    alias: str = ""
    interval: str = "1h"
    timeout: str = "10m"
    retries: str = "3"
    platform: str = ""
    suspend: str = ""

    def fields(self) -> Mapping[str, str]:
        return asdict(self)

    @property
    def ref(self) -> Mapping[str, str]:
        namespace, _, name = self.source.partition("/")
        return {"name": name, "namespace": namespace}

    @property
    def is_open(self) -> bool:
        """Whether something is set that most leave alone."""
        usual = Draft()
        return any(getattr(self, name) != getattr(usual, name) for name in CHANGEABLE[3:])


def read(form: Form) -> Draft:
    """What was sent; of what was not, the usual."""
    usual = Draft()
    sent = {
        name: form.text(name) if name in form else "" if name == "suspend" else usual.fields()[name]
        for name in usual.fields()
    }
    return Draft(**sent)


def before(form: Form) -> Draft:
    """What the fields held when the form was made."""
    return Draft(**{name: form.text(f"was-{name}") for name in CHANGEABLE})


def of(found: Repository) -> Draft:
    meta, spec = found.metadata, found.spec
    return Draft(
        image=f"{spec.repository}:{spec.tag}",
        namespace=meta.namespace,
        source=f"{spec.registry_ref.namespace}/{spec.registry_ref.name}",
        name=meta.name,
        alias=meta.annotations.get(ALIAS, ""),
        interval=spec.sync_interval,
        timeout=spec.sync_timeout,
        retries=str(spec.retry_count),
        platform="" if spec.platform is UNSET else spec.platform,
        suspend="1" if spec.suspend else "",
    )


def changed(one: Draft, other: Draft) -> tuple[str, ...]:
    """Fields in which they differ, of those that can be changed."""
    return tuple(name for name in CHANGEABLE if getattr(one, name).strip() != getattr(other, name).strip())


def merged(mine: Draft, base: Draft, theirs: Draft) -> Draft:
    """Their state with what I have changed."""
    kept = {name: getattr(mine, name) for name in changed(mine, base)}
    return Draft(**{**theirs.fields(), **kept})


def document(draft: Draft, image: ImageReference) -> dict[str, Any]:
    """What creates the image; an empty field is left to its default."""
    annotations = {"annotations": {ALIAS: draft.alias}} if draft.alias else {}
    return {
        "apiVersion": REPOSITORY.api_version,
        "kind": REPOSITORY.name,
        "metadata": {"name": draft.name, "namespace": draft.namespace, **annotations},
        "spec": {name: value for name, value in _spec(draft, image).items() if value != "" and value is not False},
    }


def patch(draft: Draft, image: ImageReference, version: str) -> dict[str, Any]:
    """What makes a stored image of this version the draft's (a merge patch)."""
    meta = {"resourceVersion": version, "annotations": {ALIAS: draft.alias or None}}
    spec = {name: None if value == "" else value for name, value in _spec(draft, image).items()}
    return {"metadata": meta, "spec": spec}


def _spec(draft: Draft, image: ImageReference) -> dict[str, Any]:
    return {
        "repository": image.repository,
        "tag": image.tag,
        "registryRef": draft.ref,
        "syncInterval": draft.interval,
        "syncTimeout": draft.timeout,
        "retryCount": int(draft.retries) if _is_count(draft.retries) else "",
        "platform": draft.platform,
        "suspend": draft.suspend == "1",
    }


def causes(draft: Draft) -> list[Cause]:
    """What is wrong with a draft before it can be sent anywhere."""
    found = []
    if draft.retries and not _is_count(draft.retries):
        found.append(Cause("spec.retryCount", INVALID, Text("须为整数", "must be a whole number")))
    if not all(draft.ref.values()):
        text = Text("请选择镜像源", "choose a registry source")
        found.append(Cause("spec.registryRef", INVALID, text))
    return found


def by_field(found: Iterable[Cause]) -> dict[str, list[Cause]]:
    """Causes by the field of the form they belong to, "" for what has none."""
    sorted_: dict[str, list[Cause]] = {}
    for cause in found:
        name = next((name for path, name in _FIELDS.items() if cause.field.startswith(path)), "")
        sorted_.setdefault(name, []).append(cause)
    return sorted_


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
