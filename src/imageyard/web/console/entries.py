"""What a manifest is and what an index lists, as pages show it. Nothing of a foreign document is trusted to have its
shape. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from imageyard.domain import size

Sort = Literal["index", "image", "chart", "signature", "attestation", "sbom", "other"]
"""What a manifest is for people; each has a word in the templates."""
_SORTS: Final[Mapping[str, Sort]] = {
    "application/vnd.oci.image.index.v1+json": "index",
    "application/vnd.docker.distribution.manifest.list.v2+json": "index",
    "application/vnd.oci.image.config.v1+json": "image",
    "application/vnd.docker.container.image.v1+json": "image",
    "application/vnd.cncf.helm.config.v1+json": "chart",
    "application/vnd.dev.cosign.artifact.sig.v1+json": "signature",
    "application/vnd.dev.cosign.simplesigning.v1+json": "signature",
    "application/vnd.cncf.notary.signature": "signature",
    "application/vnd.in-toto+json": "attestation",
    "application/vnd.dsse.envelope.v1+json": "attestation",
    "application/vnd.dev.sigstore.bundle.v0.3+json": "attestation",
    "application/vnd.dev.cosign.artifact.sbom.v1+json": "sbom",
    "application/spdx+json": "sbom",
    "text/spdx+json": "sbom",
    "text/spdx": "sbom",
    "application/vnd.cyclonedx+json": "sbom",
    "application/vnd.cyclonedx": "sbom",
    "application/vnd.syft+json": "sbom",
}
"""By media and artifact types; what tells most stands first in `sort_of`."""
_TITLE: Final = "org.opencontainers.image.title"
_PREDICATE: Final = "in-toto.io/predicate-type"
_REFERS: Final = "vnd.docker.reference."
MOST_NOTES: Final = 40
"""Annotations that are shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an index."""

    digest: str
    media_type: str
    size: str
    platform: str
    """`os/arch[/variant]`, "" for what is for none."""
    attests: str
    """The digest that it says something about, "" for what is itself to be run."""
    sort: Sort


@dataclass(frozen=True, slots=True)
class Blob:
    """A part of an artifact: a chart's archive, a signature, a document."""

    title: str
    """The file's name, or what an attestation is about."""
    media_type: str
    size: str
    digest: str


def sort_of(document: Mapping[str, Any], media_type: str) -> Sort:
    """By what it says it is; a signature or an attestation often says so by its layers alone."""
    layers = _mappings(document.get("layers"))
    told = [
        media_type if isinstance(document.get("manifests"), list) else "",
        _text(document.get("artifactType")),
        *(_text(each.get("mediaType")) for each in layers[:1]),
        _text(_mapping(document.get("config")).get("mediaType")),
    ]
    found = next((_SORTS[each] for each in told if each in _SORTS), None)
    if found is not None:
        return found
    return "index" if isinstance(document.get("manifests"), list) else "other"


def entries(document: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The lines of an index, none of what is no index."""
    return tuple(_entry(each) for each in _mappings(document.get("manifests")))


def platforms(listed: Sequence[Entry]) -> dict[str, str]:
    """By platform the digest; of one that is listed twice, the first."""
    found: dict[str, str] = {}
    for each in listed:
        if each.platform and not each.attests:
            found.setdefault(each.platform, each.digest)
    return found


def chosen(listed: Sequence[Entry], wanted: str) -> str:
    """The digest of a platform (`os/arch[/variant]`), else of the first there is; "" where there is none."""
    found = platforms(listed)
    return found.get(wanted) or next(iter(found.values()), "")


def blobs(document: Mapping[str, Any]) -> tuple[Blob, ...]:
    """What an artifact consists of, its config left out."""
    return tuple(_blob(each) for each in _mappings(document.get("layers") or document.get("blobs")))


def notes(document: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The annotations of a manifest."""
    held = _mapping(document.get("annotations"))
    return tuple((str(key), _text(value)) for key, value in held.items())[:MOST_NOTES]


def _entry(found: Mapping[str, Any]) -> Entry:
    annotations, platform = _mapping(found.get("annotations")), _platform(_mapping(found.get("platform")))
    attests = _text(annotations.get(f"{_REFERS}digest")) if annotations.get(f"{_REFERS}type") else ""
    media_type = _text(found.get("mediaType"))
    told = _text(found.get("artifactType"))
    kind: Sort = (
        "attestation" if attests else _SORTS.get(told) or _SORTS.get(media_type, "image" if platform else "other")
    )
    return Entry(_text(found.get("digest")), media_type, _size(found), platform, attests, kind)


def _blob(found: Mapping[str, Any]) -> Blob:
    annotations = _mapping(found.get("annotations"))
    title = _text(annotations.get(_TITLE)) or _text(annotations.get(_PREDICATE))
    return Blob(title, _text(found.get("mediaType")), _size(found), _text(found.get("digest")))


def _platform(platform: Mapping[str, Any]) -> str:
    parts = [_text(platform.get(key)) for key in ("os", "architecture", "variant")]
    return "" if "unknown" in parts or not all(parts[:2]) else "/".join(filter(None, parts))


def _size(found: Mapping[str, Any]) -> str:
    value = found.get("size")
    return size.human(value) if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else ""


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
