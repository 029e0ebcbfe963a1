"""An answer as plain values, and how it is sent. No response objects: this is the hot path."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct
from starlette.types import Send

from imageyard.domain.text import Text
from imageyard.web import hygiene
from imageyard.web.exchange import Exchange
from imageyard.web.hygiene import Headers as Headers

_JSON: Final[Headers] = ((b"content-type", b"application/json"), *hygiene.DATA)
_QUOTED: Final = dict.fromkeys((*range(32), 127), " ") | {ord('"'): '\\"', ord("\\"): "\\\\"}
_BARE: Final = (204, 304)
"""Of these nothing follows the head, nor is its length told (RFC 9110 section 8.6)."""
_encode: Final = msgspec.json.Encoder().encode


class Reply(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class Stream(NamedTuple):
    """An answer that goes on: each chunk is sent as it comes."""

    status: int
    headers: Headers
    chunks: AsyncGenerator[bytes, None]


MOST_WARNINGS: Final = 16
"""Headers of one answer; some clients read no answer of more than a hundred (Python's http.client)."""
STREAMED: Final[Headers] = _JSON
NO_CONTENT: Final = Reply(204, hygiene.DATA, b"")


def stored(body: bytes, status: int = 200, warnings: tuple[Text, ...] = ()) -> Reply:
    """Stored bytes as they are."""
    return Reply(status, _JSON if not warnings else (*_JSON, *map(_warning, _few(warnings))), body)


def json(document: Struct | Mapping[str, Any], status: int = 200, headers: Headers = ()) -> Reply:
    return Reply(status, (*_JSON, *headers), _encode(document))


def text(body: str, status: int = 200) -> Reply:
    """Plain text for probes."""
    return Reply(status, ((b"content-type", b"text/plain; charset=utf-8"), *hygiene.DATA), body.encode())


def page(html: str, status: int = 200, headers: Headers = ()) -> Reply:
    """A page for browsers, under the policy of all pages."""
    return Reply(status, (*hygiene.PAGE, *headers), html.encode())


def asset(content: bytes, media_type: str) -> Reply:
    """A file that pages load, under a name that holds its fingerprint (`hygiene.fingerprint`)."""
    return Reply(200, ((b"content-type", media_type.encode("ascii")), *hygiene.ASSET), content)


def see_other(location: str) -> Reply:
    return Reply(303, ((b"location", location.encode("ascii")), *hygiene.DATA), b"")


def _few(warnings: tuple[Text, ...]) -> tuple[Text, ...]:
    if len(warnings) <= MOST_WARNINGS:
        return warnings
    told = warnings[: MOST_WARNINGS - 1]
    more = len(warnings) - len(told)
    return (*told, Text(f"另有 {more} 条警告", f"and {more} more warnings"))


def _warning(warning: Text) -> tuple[bytes, bytes]:
    """`299 - "…"`, as Kubernetes clients read it. Header values are ASCII, so the sentence is the English one."""
    words = warning.en.translate(_QUOTED).encode("ascii", "replace")
    return (b"warning", b'299 - "' + words + b'"')


async def send(reply: Reply, asked: Exchange, send: Send) -> None:
    """Send it; HEAD gets the headers a GET would, and no body."""
    status, headers, body = reply
    length: Headers = () if status in _BARE else ((b"content-length", b"%d" % len(body)),)
    if asked.method == "HEAD":
        body = b""
    if asked.whole is not None and asked.whole(status, (headers, hygiene.EVERY), (*length, *asked.marks), body):
        asked.status = status
        return
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body})


async def stream(answer: Stream, method: str, send: Send) -> None:
    """Send chunk by chunk. What is raised after the beginning ends the answer without its last chunk."""
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers]})
    if method != "HEAD":
        async with aclosing(answer.chunks) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
