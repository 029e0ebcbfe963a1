"""Bodies: what a door accepts as JSON or YAML, before anybody asks what it means.

Pure but for how bytes come in and where they are parsed: bytes and a media type in, plain values out. Whatever the
bytes are, the answer is a value or BadRequest, UnsupportedMediaType, TooLarge; never another exception. A long one
waits for its turn to be parsed, and may be TooManyRequests then.
"""

from functools import lru_cache, partial
from typing import Any, Final

from imageyard.domain.errors import DUPLICATE, REQUIRED, TYPE_INVALID, BadRequest, Cause, Invalid, UnsupportedMediaType
from imageyard.domain.text import Text
from imageyard.web import json_body, protobuf_body, yaml_body
from imageyard.web.exchange import Disconnected, Exchange

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
_YAML_NAMES: Final = frozenset({YAML, "application/x-yaml", "text/yaml", "text/x-yaml"})
_IN_THREAD: Final = 64 * 1024
"""Bytes from which on the event loop would feel it: YAML is read at some 3 MB/s, JSON at 30."""

OBJECTS: Final = (JSON, YAML)
KUBE_OBJECTS: Final = (*OBJECTS, PROTOBUF)
PATCHES: Final = (MERGE_PATCH, JSON, JSON_PATCH)


async def document(exchange: Exchange, *, required: bool = True) -> dict[str, Any]:
    """The JSON object in a JSON or YAML body; {} when there is no body and none is required."""
    _, value = await _value(exchange, OBJECTS, required=required)
    return _mapping(value)


async def patch(exchange: Exchange) -> tuple[str, Any]:
    """Which kind of patch, and its value: an object for a merge patch; what a JSON patch holds is judged later."""
    media_type, value = await _value(exchange, PATCHES, required=True)
    return media_type, value if media_type == JSON_PATCH else _mapping(value)


async def kube_document(
    exchange: Exchange, *, strict: bool = False, required: bool = True
) -> tuple[dict[str, Any], tuple[Text, ...]]:
    """The object of a body as Kubernetes reads it, in protobuf too: of a key given twice the last one counts, with a
    warning, unless the caller wants it strict."""
    raw = await read(exchange)
    if not raw.strip():
        if required:
            raise _required()
        return {}, ()
    media_type = media_type_of(exchange.header(b"content-type"), KUBE_OBJECTS)
    if media_type != JSON or strict:
        return _mapping(await _parsed(exchange, raw, media_type)), ()
    try:
        return _mapping(await _parsed(exchange, raw, media_type)), ()
    except Invalid as invalid:
        if [cause.reason for cause in invalid.causes] != [DUPLICATE]:
            raise
        path = invalid.causes[0].field
        warning = Text(f"字段“{path}”重复", f'duplicate field "{path}"')
        lenient = partial(json_body.parse, raw.decode(), unique=False)
        return _mapping(await exchange.at_length(lenient)), (warning,)


async def kube_patch(exchange: Exchange, media_type: str) -> Any:
    """The value of a patch; apply configurations are YAML, of which JSON is a part."""
    raw = await read(exchange)
    value = await _parsed(exchange, raw, YAML if media_type.endswith("yaml") else JSON)
    return value if media_type == JSON_PATCH else _mapping(value)


async def _value(exchange: Exchange, accepted: tuple[str, ...], *, required: bool) -> tuple[str, Any]:
    raw = await read(exchange)
    if not raw.strip():
        if required:
            raise _required()
        return JSON, {}
    media_type = media_type_of(exchange.header(b"content-type"), accepted)
    return media_type, await _parsed(exchange, raw, media_type)


async def _parsed(exchange: Exchange, raw: bytes, media_type: str) -> Any:
    if len(raw) <= _IN_THREAD:
        return parse(raw, media_type)
    return await exchange.at_length(partial(parse, raw, media_type))


async def read(exchange: Exchange) -> bytes:
    """All of the body; the middleware has put the limit on it. Raises Disconnected."""
    message = await exchange.receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    if not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        return body
    chunks = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks.append(message.get("body", b""))
    return b"".join(chunks)


@lru_cache(maxsize=256)
def media_type_of(content_type: str, accepted: tuple[str, ...]) -> str:
    """Which of the accepted types a Content-Type names; an absent one means JSON. Raises UnsupportedMediaType."""
    name, *parameters = (part.strip().lower() for part in content_type.split(";"))
    name = YAML if name in _YAML_NAMES else name or JSON
    charsets = [part.partition("=")[2].strip('"') for part in parameters if part.startswith("charset=")]
    if name in accepted and all(charset in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        return name
    raise UnsupportedMediaType(
        Text(
            f"不支持的 Content-Type，请加入请求头 Content-Type: {accepted[0]}（可用：{'、'.join(accepted)}；UTF-8）",
            f"Content-Type not supported; send Content-Type: {accepted[0]} (accepted: {', '.join(accepted)}; UTF-8)",
        )
    )


def parse(raw: bytes, media_type: str) -> Any:
    """Read JSON, or YAML or protobuf as the same values. Raises BadRequest, Invalid."""
    if media_type == PROTOBUF:
        return protobuf_body.parse(raw)
    try:
        text = raw.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise BadRequest(Text("请求体不是 UTF-8 文本", "the body is no UTF-8 text")) from None
    return yaml_body.parse(text) if media_type == YAML else json_body.parse(text)


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise Invalid([Cause("", TYPE_INVALID, Text("请求体必须是一个对象", "the body must be an object"))])


def _required() -> Invalid:
    return Invalid([Cause("", REQUIRED, Text("请求体不能为空", "a body is required"))])
