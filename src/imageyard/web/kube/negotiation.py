"""Which form of an answer a client asks for by Accept, as the Kubernetes API server reads it.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (alternate representations, tables).
"""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from imageyard.domain.errors import Failure
from imageyard.domain.text import Text

Shape = Literal["", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"]
Media = Literal["json", "yaml"]
_MEDIA: Final[dict[str, Media]] = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    "application/yaml": "yaml",
}
_SHAPES: Final = ("Table", "PartialObjectMetadata", "PartialObjectMetadataList")
_VERSIONS: Final = ("v1", "v1beta1")
LONGEST: Final = 4096
"""Characters of a header that are read; clients send some two hundred."""


class NotAcceptable(Failure):
    """None of the forms the client takes is spoken here. 406."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                "Accept 请求头中没有受支持的类型，可用：application/json、application/yaml",
                "only the following media types are accepted: application/json, application/yaml",
            )
        )


class Form(NamedTuple):
    """`version` is that of meta.k8s.io for a table or partial metadata."""

    media: Media = "json"
    shape: Shape = ""
    version: str = ""


@lru_cache(maxsize=256)
def form(accept: str) -> Form:
    """The first form of the header that is spoken here; JSON for a header that says nothing. Raises NotAcceptable."""
    clauses = [clause.strip() for clause in accept[:LONGEST].split(",") if clause.strip()]
    if not clauses:
        return Form()
    for clause in sorted(clauses, key=_quality, reverse=True):
        found = _read(clause)
        if found is not None:
            return found
    raise NotAcceptable


def _read(clause: str) -> Form | None:
    name, parameters = _split(clause)
    media = _MEDIA.get(name)
    if media is None:
        return None
    shape, group, version = parameters.get("as", ""), parameters.get("g", ""), parameters.get("v", "")
    if not shape:
        return Form(media)
    if shape in _SHAPES and group == "meta.k8s.io" and version in _VERSIONS:
        return Form(media, shape, version)  # type: ignore[arg-type]
    return None


def _split(clause: str) -> tuple[str, dict[str, str]]:
    name, *rest = clause.split(";")
    pairs = (part.strip().partition("=") for part in rest)
    return name.strip().lower(), {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


def _quality(clause: str) -> float:
    """Equal ones stay in their order. What is no number counts as 1, as if it had not been said."""
    try:
        return min(max(float(_split(clause)[1].get("q", "1")), 0.0), 1.0)
    except ValueError:
        return 1.0
