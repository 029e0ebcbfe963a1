"""An object or a list in the form its reader asked for."""

import gzip
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
import yaml

from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.store import Page, Stored
from imageyard.web import reply
from imageyard.web.exchange import Exchange
from imageyard.web.kube import negotiation, splice, table
from imageyard.web.kube.negotiation import Form
from imageyard.web.reply import Reply

COMPRESSED_FROM: Final = 128 * 1024
"""Bytes from which an answer is compressed for who takes gzip, as the API server does."""
_YAML: Final = (b"content-type", b"application/yaml")
_GZIP: Final = ((b"content-encoding", b"gzip"), (b"vary", b"accept-encoding"))


def form_of(exchange: Exchange) -> Form:
    """Raises NotAcceptable."""
    return negotiation.form(exchange.header(b"accept"))


def one(
    exchange: Exchange,
    kind: Kind[Any],
    stored: Stored,
    now: datetime,
    status: int = 200,
    warnings: tuple[Text, ...] = (),
) -> Reply:
    """An object."""
    form, body = form_of(exchange), splice.whole(stored)
    if form.shape == "Table":
        body = table.render(
            kind, [body], table.meta(stored.resource_version), form.version, table.included(exchange), now
        )
    elif form.shape:
        body = table.partial(body, form.version)
    else:
        body = kind.shown(body)
    return spoken(exchange, form, body, status, warnings)


Pace = Callable[[Iterable[bytes]], Iterable[bytes]]
"""How long work goes through its objects."""


def many(exchange: Exchange, kind: Kind[Any], page: Page, remaining: int, now: datetime, pace: Pace = iter) -> Reply:
    """A list; `remaining` objects come after it, 0 when that is not known."""
    form, bodies = form_of(exchange), pace(map(splice.whole, page.items))
    meta = table.meta(page.resource_version, page.continuation, remaining)
    if form.shape == "Table":
        body = table.render(kind, bodies, meta, form.version, table.included(exchange), now)
    elif form.shape:
        body = table.partial_list(bodies, meta, form.version)
    else:
        body = listed(kind, bodies, meta)
    return spoken(exchange, form, body)


def listed(kind: Kind[Any], bodies: Iterable[bytes], meta: Mapping[str, Any]) -> bytes:
    opening = f'{{"apiVersion":"{kind.api_version}","items":['.encode()
    closing = f'],"kind":"{kind.name}List","metadata":'.encode()
    if kind.view is not None:
        bodies = (kind.shown(body) for body in bodies)
    return b"%s%s%s%s}" % (opening, b",".join(bodies), closing, msgspec.json.encode(meta))


def spoken(exchange: Exchange, form: Form, body: bytes, status: int = 200, warnings: tuple[Text, ...] = ()) -> Reply:
    """JSON bytes as JSON or YAML, compressed where that pays and is taken."""
    answer = reply.stored(body, status, warnings)
    if form.media == "yaml":
        text = yaml.safe_dump(msgspec.json.decode(body), sort_keys=False, allow_unicode=True)
        answer = Reply(status, (_YAML, *answer.headers[1:]), text.encode())
    if len(answer.body) >= COMPRESSED_FROM and b"gzip" in exchange.headers.get(b"accept-encoding", b""):
        return Reply(status, (*answer.headers, *_GZIP), gzip.compress(answer.body, compresslevel=1, mtime=0))
    return answer
