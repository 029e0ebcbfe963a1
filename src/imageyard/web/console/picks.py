"""Objects that somebody ticked in a list, images or registry sources: which an action on several is for."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text
from imageyard.web.console.forms import Form

FIELD: Final = "item"
_NONE: Final = Text("请先勾选对象", "choose something first")


class Pick(NamedTuple):
    """`uid` is "" as long as any object of that name is meant."""

    namespace: str
    name: str
    uid: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.namespace, self.name

    @property
    def text(self) -> str:
        return "/".join(filter(None, self))


def ticked(form: Form, most: int) -> list[Pick]:
    """`namespace/name` or `namespace/name/uid` of each field, which may hold several between white space; each object
    once, in order. Raises BadRequest for none, for more than `most`, and for what names no object."""
    found = [_pick(part) for text in form.texts(FIELD) for part in text.split()]
    return bounded(list({pick.place: pick for pick in found}.values()), most)


def bounded(picks: list[Pick], most: int) -> list[Pick]:
    """Raises BadRequest where nothing is chosen, or too much."""
    if not picks:
        raise BadRequest(_NONE)
    if len(picks) > most:
        raise BadRequest(too_many(most))
    return picks


def too_many(most: int) -> Text:
    return Text(
        f"一次最多选择 {most} 个，请缩小筛选范围",
        f"at most {most} can be chosen at once; narrow the filters",
    )


def by_namespace(picks: Sequence[Pick]) -> dict[str, list[Pick]]:
    grouped: dict[str, list[Pick]] = {}
    for pick in sorted(picks):
        grouped.setdefault(pick.namespace, []).append(pick)
    return grouped


def _pick(text: str) -> Pick:
    parts = text.split("/")
    if len(parts) not in (2, 3) or not all(parts):
        raise BadRequest(_NONE)
    return Pick(*parts)
