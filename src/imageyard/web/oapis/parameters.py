"""Query parameters of the REST door, as pure functions. What is not named here is ignored."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, cast
from urllib.parse import parse_qsl

from imageyard.domain import selector
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, BadRequest, Cause, Failure, Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.selector import FieldSelector, LabelSelector
from imageyard.domain.text import Text
from imageyard.service.admission import ALL
from imageyard.store import Query

DEFAULT_LIMIT: Final = 10
MAX_LIMIT: Final = 1000
MAX_FIELDS: Final = 100
REMEMBERED: Final = 256
"""Bytes of a query whose reading is remembered: those that clients ask for again and again are short."""
_FURTHEST: Final = 10**12
"""Pages beyond are as empty as this one; the offset stays within 64 bits."""
_WHOLE: Final = re.compile(r"[0-9]{1,100}")
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}

SortBy = Literal["name", "createTime", "lastSynced", "status"]


def fields(query: bytes) -> Mapping[str, str]:
    """The fields of a query string; of a repeated one the first, as Kubernetes reads it. Raises BadRequest."""
    return dict(reversed(_pairs(query))) if query else {}


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise BadRequest(
            Text(f"查询参数超过 {MAX_FIELDS} 个", f"there are more than {MAX_FIELDS} query parameters")
        ) from None


def listing(kind: Kind[Any], namespace: str, query: bytes) -> Query:
    """What a list asks for. Raises Invalid naming every bad parameter, each with its rule."""
    return (_remembered if len(query) <= REMEMBERED else _listing)(kind, namespace, query)


def _listing(kind: Kind[Any], namespace: str, query: bytes) -> Query:
    given = fields(query)
    causes: list[Cause] = []
    page = _checked(causes, _page, "page", given.get("page", "1"))
    limit = _checked(causes, _limit, "limit", given.get("limit", str(DEFAULT_LIMIT)))
    sort_by = _checked(causes, _choice, "sortBy", given.get("sortBy") or "name", kind.sort_keys)
    ascending = _checked(causes, _boolean, "ascending", given.get("ascending") or "true")
    labels = _checked(causes, _labels, "labelSelector", given.get("labelSelector", ""))
    chosen = _checked(causes, _fields, "fieldSelector", given.get("fieldSelector", ""), kind)
    if causes:
        raise Invalid(causes, kind=kind.singular)
    return Query(
        namespaces=None if namespace == ALL else frozenset({namespace}),
        search=given.get(kind.search_parameter, "").strip(),
        status=given.get("status") or None if "status" in kind.sort_keys else None,
        labels=labels,
        fields=chosen,
        sort_by=cast(SortBy, sort_by),
        ascending=ascending,
        offset=(page - 1) * limit,
        limit=limit,
    )


_remembered = lru_cache(maxsize=8192)(_listing)


def dry_run(query: bytes) -> bool:
    """Whether `dryRun=All` is asked for, of a repeated parameter by any. Raises Invalid for any other value."""
    asked = {value for name, value in _pairs(query) if name == "dryRun"} if query else frozenset()
    if asked <= {"", "All"}:
        return "All" in asked
    raise Invalid([Cause("dryRun", NOT_SUPPORTED, Text("只支持 All", "only All is supported"))])


def refuse_dry_run(query: bytes) -> None:
    """Storing what was meant as a rehearsal would be worse than an error. Raises Invalid."""
    if dry_run(query):
        raise Invalid(
            [
                Cause(
                    "dryRun",
                    NOT_SUPPORTED,
                    Text(
                        "只有 POST …/sync 支持 dryRun",
                        "is supported on POST …/sync only",
                    ),
                )
            ]
        )


def _checked(causes: list[Cause], read: Any, name: str, text: str, *rule: Any) -> Any:
    """Read one parameter, keeping its failure for the list of all."""
    try:
        return read(text, *rule)
    except _Broken as broken:
        causes.append(Cause(name, broken.reason, broken.text))
    except Failure as failure:
        causes.append(Cause(name, INVALID, failure.text))
    return 1


class _Broken(Exception):
    def __init__(self, reason: str, text: Text) -> None:
        self.reason = reason
        self.text = text


def _page(text: str) -> int:
    if not _WHOLE.fullmatch(text) or int(text) < 1:
        raise _Broken(INVALID, Text("必须是从 1 起的整数", "must be a whole number from 1 up"))
    return min(int(text), _FURTHEST)


def _limit(text: str) -> int:
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= MAX_LIMIT:
        raise _Broken(INVALID, Text(f"必须是 1 到 {MAX_LIMIT} 的整数", f"must be a whole number from 1 to {MAX_LIMIT}"))
    return int(text)


def _choice(text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise _Broken(NOT_SUPPORTED, Text(f"可用：{'、'.join(choices)}", f"must be one of {', '.join(choices)}"))
    return text


def _boolean(text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise _Broken(INVALID, Text("必须是 true 或 false", "must be true or false"))
    return _BOOLEANS[text.lower()]


def _labels(text: str) -> LabelSelector | None:
    return selector.parse_labels(text) if text.strip() else None


def _fields(text: str, kind: Kind[Any]) -> FieldSelector | None:
    return selector.parse_fields(text, selectable(kind)) if text.strip() else None


def selectable(kind: Kind[Any]) -> frozenset[str]:
    """Paths that fieldSelector may name."""
    return frozenset({"metadata.name", "metadata.namespace", *kind.selectable})
