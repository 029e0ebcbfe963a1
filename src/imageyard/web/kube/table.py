"""Tables and partial metadata: objects as kubectl prints them, and as garbage collectors and caches want them.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from imageyard.domain.errors import BadRequest
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.web.exchange import Exchange
from imageyard.web.kube import parameters, splice

_INCLUDES: Final = ("Metadata", "Object", "None")


def meta(version: int, continuation: str = "", remaining: int = 0) -> dict[str, Any]:
    """ListMeta."""
    told: dict[str, Any] = {"resourceVersion": str(version)}
    if continuation:
        told["continue"] = continuation
    if remaining > 0:
        told["remainingItemCount"] = remaining
    return told


def included(exchange: Exchange) -> str:
    """What each row carries of its object. Raises BadRequest."""
    if b"includeObject" not in exchange.query:
        return "Metadata"
    asked = parameters.fields(exchange.query).get("includeObject", "") or "Metadata"
    if asked in _INCLUDES:
        return asked
    sentence = 'unrecognized includeObject value: must be "None", "Metadata" or "Object"'
    raise BadRequest(Text(sentence, sentence))


def render(
    kind: Kind[Any], bodies: Iterable[bytes], meta: Mapping[str, Any], version: str, include: str, now: datetime
) -> bytes:
    """A Table of the objects, whose JSON holds managedFields where they have any."""
    opening = msgspec.json.encode(
        {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{version}",
            "metadata": meta,
            "columnDefinitions": definitions(kind),
        }
    )
    # Row by row: a thread that encodes all of a long table in one call keeps the interpreter for milliseconds.
    rows = b",".join([_row(kind, body, version, include, now) for body in bodies])
    return b'%s,"rows":[%s]}' % (opening[:-1], rows)


@lru_cache
def definitions(kind: Kind[Any]) -> msgspec.Raw:
    """TableColumnDefinitions, as JSON."""
    return msgspec.Raw(
        msgspec.json.encode(
            [
                {
                    "name": column.title,
                    "type": column.type,
                    "format": column.format,
                    "description": column.description,
                    "priority": int(column.wide),
                }
                for column in kind.columns
            ]
        )
    )


def _row(kind: Kind[Any], body: bytes, version: str, include: str, now: datetime) -> bytes:
    obj = kind.decode(body)
    row: dict[str, Any] = {"cells": [column.cell(obj, now) for column in kind.columns]}
    if include == "Object":
        row["object"] = msgspec.Raw(kind.shown(body))
    elif include == "Metadata":
        row["object"] = msgspec.Raw(partial(body, version))
    return msgspec.json.encode(row)


def partial(body: bytes, version: str) -> bytes:
    """PartialObjectMetadata of an object's JSON."""
    return b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/%s","metadata":%s}' % (
        version.encode(),
        splice.metadata(body),
    )


def partial_list(bodies: Iterable[bytes], meta: Mapping[str, Any], version: str) -> bytes:
    items = b",".join(partial(body, version) for body in bodies)
    opening = f'{{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/{version}","metadata":'.encode()
    return b'%s%s,"items":[%s]}' % (opening, msgspec.json.encode(meta), items)
