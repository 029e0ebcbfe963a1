"""Continue tokens: opaque to callers, as Kubernetes has them. Pure.

A token tells the resourceVersion of its list's first page and where that page ended. The pages after it answer this
same resourceVersion: a watch from there shows everything that changed while the pages were read.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from imageyard.domain.errors import BadRequest
from imageyard.domain.objects import Key
from imageyard.domain.text import Text
from imageyard.store import Query


class Continuation(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """`namespace` and `name` of the last object told (order by name), or `offset` behind it (other orders)."""

    version: int
    resource: str
    sort_by: str
    ascending: bool
    namespace: str = ""
    name: str = ""
    offset: int = 0

    def write(self) -> str:
        return urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def after(last: Key, version: int, query: Query, offset: int) -> str:
    """The token that continues behind `last`, which stands just before `offset` of all matches."""
    if query.sort_by == "name":
        token = Continuation(version, last.resource, "name", query.ascending, last.namespace, last.name)
    else:
        token = Continuation(version, last.resource, query.sort_by, query.ascending, offset=offset)
    return token.write()


def read(resource: str, query: Query) -> Continuation | None:
    """The query's token; None when it has none. Raises BadRequest for one that no list of this order gave out."""
    if not query.continuation:
        return None
    try:
        data = urlsafe_b64decode(query.continuation + "=" * (-len(query.continuation) % 4))
        token = msgspec.json.decode(data, type=Continuation)
    except (ValueError, msgspec.MsgspecError):
        raise _unusable() from None
    if (token.resource, token.sort_by, token.ascending) != (resource, query.sort_by, query.ascending):
        raise _unusable()
    if token.offset < 0:
        raise _unusable()
    return token


def _unusable() -> BadRequest:
    return BadRequest(
        Text("continue 参数无效，请从头列出", "the continue token is not valid for this list; start over")
    )
