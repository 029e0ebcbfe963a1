"""GET /admin/v1/audit: the trail, newest first. `{"items": […], "continue": "…"}`, `continue` "" on the last page.

Query: `limit` (1 to 1000, 100 if not given), `continue`, and what to look for: `user`, `verb`, `resource`,
`namespace`, `outcome`, `stage`, `since` (RFC 3339).
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from imageyard.domain.audit import OUTCOMES, STAGES, Filter
from imageyard.domain.errors import INVALID, NOT_SUPPORTED, BadRequest, Cause, Invalid
from imageyard.domain.text import Text
from imageyard.service.audit import Audit, Query
from imageyard.web import reply
from imageyard.web.exchange import Exchange
from imageyard.web.reply import Reply

MAX_LIMIT: Final = 1000
MAX_FIELDS: Final = 100


async def page(audit: Audit, asked: Exchange) -> Reply:
    """Raises Invalid, Gone, Unavailable."""
    found = await audit.read(_query(_fields(asked.query)))
    return reply.json({"items": [*map(msgspec.Raw, found.items)], "continue": found.continuation})


def _query(given: Mapping[str, str]) -> Query:
    """What is not named here is ignored."""
    wanted = Filter(
        user=given.get("user", ""),
        verb=given.get("verb", ""),
        resource=given.get("resource", ""),
        namespace=given.get("namespace", ""),
        outcome=_one_of("outcome", given.get("outcome", ""), OUTCOMES),
        stage=_one_of("stage", given.get("stage", ""), STAGES),
        since=_moment(given.get("since", "")),
    )
    return Query(wanted, _limit(given.get("limit", "")), given.get("continue", ""))


def _fields(query: bytes) -> Mapping[str, str]:
    """The first of a repeated field counts."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        text = Text(f"查询参数超过 {MAX_FIELDS} 个", f"there are more than {MAX_FIELDS} query parameters")
        raise BadRequest(text) from None
    return dict(reversed(pairs))


def _limit(text: str) -> int:
    if not text:
        return Query().limit
    if text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise _invalid("limit", Text(f"须为 1 到 {MAX_LIMIT} 的整数", f"must be a whole number from 1 to {MAX_LIMIT}"))


def _one_of(field: str, text: str, choices: Collection[str]) -> str:
    if text in ("", *choices):
        return text
    listed = ", ".join(choices)
    raise Invalid([Cause(field, NOT_SUPPORTED, Text(f"须为以下之一：{listed}", f"must be one of {listed}"))])


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    with suppress(ValueError, OverflowError):
        # A plus sign that was not percent-encoded has become a space.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    example = "2026-01-31T09:30:00Z"
    raise _invalid(
        "since", Text(f"须为带时区的时间，例如 {example}", f"must be a time with its zone, such as {example}")
    )


def _invalid(field: str, text: Text) -> Invalid:
    return Invalid([Cause(field, INVALID, text)])
