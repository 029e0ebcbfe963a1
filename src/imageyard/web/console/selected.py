"""Registry sources that somebody ticked in a list: `namespace/name`, or with the uid that was on show."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from imageyard.domain.errors import BadRequest
from imageyard.domain.kinds import REGISTRY_SECRET
from imageyard.domain.text import Text
from imageyard.web.console.forms import Form
from imageyard.web.console.visit import Visit

MOST: Final = 200
_NONE: Final = Text("请先勾选镜像源", "tick some registry sources first")
_TOO_MANY: Final = Text(f"一次最多 {MOST} 个", f"at most {MOST} at once")


class Item(NamedTuple):
    namespace: str
    name: str
    uid: str = ""

    @property
    def text(self) -> str:
        return "/".join(filter(None, self))


def read(form: Form) -> Sequence[Item]:
    """Each once, in order. Raises BadRequest for none, too many, and what is no item."""
    found = [Item(*parts) for parts in (text.split("/") for text in dict.fromkeys(form.texts("item"))) if _sound(parts)]
    if len(found) != len({*form.texts("item")}) or not found:
        raise BadRequest(_NONE)
    if len(found) > MOST:
        raise BadRequest(_TOO_MANY)
    return found


def _sound(parts: Sequence[str]) -> bool:
    return len(parts) in (2, 3) and all(parts)


async def possible(visit: Visit) -> bool:
    """Whether there is anything that the reader may do with several of them."""
    places = [*await visit.namespaces(), ""]
    return any(visit.may.verify(place, "") or visit.may.delete(REGISTRY_SECRET, place, "") for place in places)
