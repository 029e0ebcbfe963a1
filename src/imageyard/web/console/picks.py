"""Which images a bulk action is for: those that were ticked, or all that a list shows, up to a bound."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from imageyard.domain.errors import BadRequest
from imageyard.domain.kinds import REPOSITORY
from imageyard.domain.text import Text
from imageyard.web.console import several
from imageyard.web.console.forms import Form
from imageyard.web.console.pages import images
from imageyard.web.console.visit import Visit


class Pick(NamedTuple):
    """`uid` is "" as long as any object of that name is meant."""

    namespace: str
    name: str
    uid: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.namespace, self.name


async def chosen(form: Form, visit: Visit) -> list[Pick]:
    """Raises BadRequest where nothing is chosen, or too much."""
    if form.text("all") == "1":
        return await _matching(form, visit)
    return bounded(ticked(form))


def ticked(form: Form) -> list[Pick]:
    """`namespace/name` or `namespace/name/uid` of each `image` field, which may hold several between white space."""
    return _distinct(part for text in form.texts("image") for part in text.split())


def bounded(picks: list[Pick]) -> list[Pick]:
    if not picks:
        raise BadRequest(Text("请先选择镜像", "choose images first"))
    if len(picks) > several.MOST:
        raise BadRequest(_TOO_MANY)
    return picks


async def _matching(form: Form, visit: Visit) -> list[Pick]:
    """All that the list shows with the filters that came along."""
    found = await images.matching(visit, form, several.MOST)
    if found.total > several.MOST:
        raise BadRequest(_TOO_MANY)
    return bounded([Pick(*_place(stored.body)) for stored in found.items])


def _place(body: bytes) -> tuple[str, str]:
    meta = REPOSITORY.decode(body).metadata
    return meta.namespace, meta.name


def _distinct(texts: Iterable[str]) -> list[Pick]:
    found = {}
    for text in texts:
        namespace, name, uid, *more = [*text.split("/"), "", ""]
        if namespace and name and not any(more):
            found[namespace, name] = Pick(namespace, name, uid)
    return list(found.values())


def by_namespace(picks: Sequence[Pick]) -> dict[str, list[Pick]]:
    sorted_: dict[str, list[Pick]] = {}
    for pick in sorted(picks):
        sorted_.setdefault(pick.namespace, []).append(pick)
    return sorted_


_TOO_MANY = Text(
    f"一次最多选择 {several.MOST} 个镜像，请缩小筛选范围",
    f"at most {several.MOST} images can be chosen at once; narrow the filters",
)
