"""From a pasted text to the images it names: lines, a compose file, or Kubernetes manifests, whichever it is.

Sources: https://github.com/compose-spec/compose-spec (services.*.image), the Kubernetes API (a container is in a list
called containers, initContainers or ephemeralContainers, whatever is around it).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from imageyard.domain import reference
from imageyard.domain.errors import BadRequest, Failure
from imageyard.domain.text import Text
from imageyard.web import json_body, yaml_body

MOST_BYTES: Final = 1024 * 1024
MOST_IMAGES: Final = 1_000
MOST_DOCUMENTS: Final = 1_000
LONGEST: Final = 2_000
"""Characters of a line's parts that are kept; nothing that is valid is longer."""
_MAPPING: Final = re.compile(r"^(services|apiVersion|kind)[ \t]*:([ \t]|$)", re.MULTILINE)
_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_BLANK: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BREAK: Final = re.compile(r"\r\n?")
"""Browsers end the lines of a form's text so."""
_BULLET: Final = re.compile(r"^(?:[-*]\s+)?(?:image:\s+)?")

Form = Literal["lines", "compose", "manifests"]


class Candidate(NamedTuple):
    """An image as it was named. `place` tells where: a line's number, a service, an object and its container.
    `reference` is as written, sound or not; `name` and `alias` are "" where the text gives none."""

    place: str
    reference: str
    name: str = ""
    alias: str = ""


class Read(NamedTuple):
    form: Form
    candidates: tuple[Candidate, ...]


def read(text: str) -> Read:
    """Raises BadRequest for what is too much, cannot be read, or names no image."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise BadRequest(Text("内容超过 1 MiB，请分几次导入", "this is more than 1 MiB; import it in parts"))
    text = _BREAK.sub("\n", text.removeprefix("\ufeff"))
    form, found = _found(text)
    candidates: list[Candidate] = []
    for each in found:
        if len(candidates) == MOST_IMAGES:
            raise BadRequest(
                Text(
                    f"镜像超过 {MOST_IMAGES} 个，请分几次导入",
                    f"there are more than {MOST_IMAGES} images; import them in parts",
                )
            )
        candidates.append(each._replace(**{name: plain(part) for name, part in each._asdict().items()}))
    if not candidates:
        raise BadRequest(_NOTHING[form])
    return Read(form, tuple(candidates))


def plain(text: str) -> str:
    """In one line, as every field of a form is."""
    return _BLANK.sub(" ", text[:LONGEST]).strip()


def _found(text: str) -> tuple[Form, Iterator[Candidate]]:
    begun = text.lstrip()
    if not begun.startswith(("{", "[")) and not _MAPPING.search(text):
        return "lines", _lines(text)
    documents = _documents(text, is_json=begun.startswith(("{", "[")))
    if any(isinstance(each, Mapping) and isinstance(each.get("services"), Mapping) for each in documents):
        return "compose", _compose(documents)
    return "manifests", _manifests(documents)


def _documents(text: str, *, is_json: bool) -> list[Any]:
    """JSON may be indented by tabs, which YAML may not."""
    if is_json:
        try:
            return [json_body.parse(text)]
        except Failure:
            pass
    try:
        return yaml_body.parse_all(text, MOST_DOCUMENTS)
    except Failure as failure:
        zh, en = failure.text
        raise BadRequest(
            Text(
                f"无法按 YAML 读取：{zh}。compose 文件可先用 docker compose config 展开",
                f"this cannot be read as YAML: {en}. `docker compose config` writes a compose file out in full",
            )
        ) from None


def _lines(text: str) -> Iterator[Candidate]:
    for number, line in enumerate(text.split("\n"), 1):
        written = _BULLET.sub("", line.strip())
        if not written or written.startswith("#"):
            continue
        image, *rest = written.split(None, 1)
        name, alias = _named(rest[0].strip() if rest else "")
        yield Candidate(str(number), image.strip("\"'"), name, alias)


def _named(rest: str) -> tuple[str, str]:
    """Name and alias. `-` stands for no name; a first word that nobody could mean as a name begins the alias."""
    first, _, others = rest.partition(" ")
    if first == "-":
        return "", others.strip()
    return (first, others.strip()) if first.isascii() and reference.is_subdomain(first.lower()) else ("", rest)


def _compose(documents: list[Any]) -> Iterator[Candidate]:
    for document in documents:
        services = document.get("services") if isinstance(document, Mapping) else None
        for name, service in services.items() if isinstance(services, Mapping) else ():
            image = service.get("image") if isinstance(service, Mapping) else None
            if isinstance(image, str):
                yield Candidate(name, image)


def _manifests(documents: list[Any]) -> Iterator[Candidate]:
    for document in documents:
        for found in document if isinstance(document, list) else [document]:
            for each in _objects(found):
                kind, meta = each.get("kind"), each.get("metadata")
                name = meta.get("name") if isinstance(meta, Mapping) else None
                about = "/".join(part for part in (kind, name) if isinstance(part, str))
                yield from _containers(each, about)


def _objects(document: Any) -> Iterator[Mapping[str, Any]]:
    """The object, or those of a list of them."""
    if isinstance(document, Mapping):
        items = document.get("items")
        if isinstance(items, list) and str(document.get("kind", "")).endswith("List"):
            yield from (item for item in items if isinstance(item, Mapping))
        else:
            yield document


def _containers(value: Any, about: str) -> Iterator[Candidate]:
    """Those anywhere below; depth is bounded by how bodies are read."""
    if isinstance(value, list):
        for item in value:
            yield from _containers(item, about)
    if not isinstance(value, Mapping):
        return
    for key, child in value.items():
        if key not in _CONTAINERS or not isinstance(child, list):
            yield from _containers(child, about)
            continue
        for container in child:
            image = container.get("image") if isinstance(container, Mapping) else None
            if isinstance(image, str) and isinstance(container, Mapping):
                name = container.get("name")
                yield Candidate(f"{about} {name}" if isinstance(name, str) else about, image)


_NOTHING: Final[Mapping[Form, Text]] = {
    "lines": Text(
        "没有可导入的镜像，每行写一个，例如 nginx:1.27", "there is no image here; write one a line: nginx:1.27"
    ),
    "compose": Text("compose 文件的 services 中没有 image", "no service of this compose file has an image"),
    "manifests": Text("清单中没有容器镜像", "no container with an image is in these manifests"),
}
