"""Query parameters of lists and watches, as Kubernetes clients send them. What is not named here is ignored.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/ (ListOptions, resource versions, chunking).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qsl

from imageyard.domain import selector
from imageyard.domain.errors import BadRequest, Unavailable
from imageyard.domain.kind import Kind
from imageyard.domain.selector import FieldSelector, LabelSelector
from imageyard.domain.text import Text

MAX_FIELDS: Final = 100
MOST_OBJECTS: Final = 2**31 - 1
"""A longer page than any store has; a larger limit, up to what an int64 holds, means the same."""
MOST_SECONDS: Final = 24 * 3600
"""Longest watch that a client may ask for."""
_TRUE: Final = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE: Final = frozenset({"", "0", "f", "F", "false", "FALSE", "False"})
"""As Go's strconv.ParseBool reads them."""

Match = Literal["", "Exact", "NotOlderThan"]


class TooLargeResourceVersion(Unavailable):
    """The version asked for is not there yet. 504, as k8s.io/apiserver/pkg/storage has it; clients try again."""

    def __init__(self, wanted: int, newest: int) -> None:
        sentence = f"Timeout: Too large resource version: {wanted}, current: {newest}"
        super().__init__(Text(sentence, sentence), 1)


class ListOptions(NamedTuple):
    """`version` None: not given. `limit` None: all."""

    labels: LabelSelector | None
    fields: FieldSelector | None
    limit: int | None
    continuation: str
    version: int | None
    match: Match
    watch: bool
    bookmarks: bool
    initial: bool | None
    seconds: float | None

    @property
    def selective(self) -> bool:
        return self.labels is not None or self.fields is not None


def fields(query: bytes) -> Mapping[str, str]:
    """The fields of a query string, of a repeated one the first. Raises BadRequest."""
    if not query:
        return {}
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise bad(f"there are more than {MAX_FIELDS} query parameters") from None
    return dict(reversed(pairs))


@lru_cache(maxsize=512)
def listing(kind: Kind[Any], query: bytes) -> ListOptions:
    """Raises BadRequest in the API server's words."""
    given = fields(query)
    version, match = given.get("resourceVersion", ""), given.get("resourceVersionMatch", "")
    options = ListOptions(
        labels=selector.parse_labels(given["labelSelector"]) if given.get("labelSelector", "").strip() else None,
        fields=_fields(kind, given.get("fieldSelector", "")),
        limit=min(whole("limit", given.get("limit", "")) or 0, MOST_OBJECTS) or None,
        continuation=given.get("continue", ""),
        version=None if version == "" else whole("resourceVersion", version),
        match=_match(match),
        watch=boolean("watch", given.get("watch", "")),
        bookmarks=boolean("allowWatchBookmarks", given.get("allowWatchBookmarks", "")),
        initial=boolean("sendInitialEvents", given["sendInitialEvents"]) if "sendInitialEvents" in given else None,
        seconds=min(whole("timeoutSeconds", given.get("timeoutSeconds", "")) or 0, MOST_SECONDS) or None,
    )
    _consistent(options)
    return options


def _consistent(options: ListOptions) -> None:
    """What Kubernetes' ListOptions validation forbids together."""
    if options.watch:
        if options.initial is not None and options.match != "NotOlderThan":
            raise bad(
                "sendInitialEvents: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            )
        if options.initial is None and options.match:
            raise bad(
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless "
                "sendInitialEvents is provided"
            )
        return
    if options.initial is not None:
        raise bad("sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list")
    if options.match and options.version is None:
        raise bad(
            "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        )
    if options.match and options.continuation:
        raise bad("resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided")
    if options.match == "Exact" and options.version == 0:
        raise bad('resourceVersionMatch: Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')
    if options.continuation and options.version:
        raise bad("specifying resource version is not allowed when using continue")


def boolean(name: str, text: str) -> bool:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise bad(f'{name}: Invalid value: must be "true" or "false"')


def whole(name: str, text: str) -> int:
    """A whole number from 0 up, 0 for "". Raises BadRequest."""
    if text == "":
        return 0
    if text.isascii() and text.isdigit() and len(text) <= 19:
        return int(text)
    raise bad(f"{name}: Invalid value: must be a whole number from 0 up")


def _match(text: str) -> Match:
    if text in ("", "Exact", "NotOlderThan"):
        return text  # type: ignore[return-value]
    raise bad('resourceVersionMatch: Unsupported value: supported values: "Exact", "NotOlderThan"')


def _fields(kind: Kind[Any], text: str) -> FieldSelector | None:
    if not text.strip():
        return None
    allowed = {"metadata.name", "metadata.namespace", *kind.selectable}
    for term in text.split(","):
        path = term.partition("!=" if "!=" in term else "=")[0]
        if path not in allowed and "=" in term and "\\" not in term:
            raise bad(f"field label not supported: {path[:100]}")
    parsed = selector.parse_fields(text, frozenset(allowed))
    if kind.view is None:
        return parsed
    held = kind.view.fields()
    return FieldSelector(tuple((held.get(path, path), operator, value) for path, operator, value in parsed.terms))


def bad(sentence: str) -> BadRequest:
    return BadRequest(Text(sentence, sentence))
