"""OpenAPI v2 as the protobuf message that client-go asks for: gnostic's openapi.v2.Document, the fields we write.

Source: github.com/google/gnostic, openapiv2/OpenAPIv2.proto
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from imageyard.web.kube.openapi import wire
from imageyard.web.kube.openapi.wire import double, inside, integer, message, named, repeated, string


def encode(swagger: Mapping[str, Any]) -> bytes:
    """The bytes of the document. Raises KeyError for a key that the message has no field for."""
    return wire.fields(_DOCUMENT, swagger)


def _any(number: int, value: Any) -> bytes:
    """Any value, as YAML, which JSON is."""
    return wire.delimited(number, string(2, msgspec.json.encode(value).decode()))


def _schema(number: int, value: Mapping[str, Any]) -> bytes:
    return message(_SCHEMA, (31, named(_any)))(number, value)


def _parameter(number: int, value: Mapping[str, Any]) -> bytes:
    """A ParametersItem holds a Parameter, and that a body's or one of another place's."""
    return inside(1, _PARAMETERS[value["in"]])(number, value)


_SCHEMA: Final[wire.Places] = {
    "$ref": (1, string),
    "format": (2, string),
    "description": (4, string),
    "default": (5, _any),
    "maximum": (7, double),
    "minimum": (9, double),
    "maxLength": (11, integer),
    "minLength": (12, integer),
    "pattern": (13, string),
    "required": (19, repeated(string)),
    "enum": (20, repeated(_any)),
    "additionalProperties": (21, inside(1, _schema)),
    "type": (22, inside(1, string)),
    "items": (23, inside(1, _schema)),
    "properties": (25, inside(1, named(_schema))),
}
_BODY: Final = message(
    {
        "description": (1, string),
        "name": (2, string),
        "in": (3, string),
        "required": (4, integer),
        "schema": (5, _schema),
    }
)
_PLACED: Final[wire.Places] = {
    "required": (1, integer),
    "in": (2, string),
    "description": (3, string),
    "name": (4, string),
}
_QUERY: Final = message({**_PLACED, "type": (6, string), "enum": (21, repeated(_any))})
_PATH: Final = message({**_PLACED, "type": (5, string)})
_PARAMETERS: Final = {
    "body": inside(1, _BODY),
    "query": inside(2, inside(3, _QUERY)),
    "path": inside(2, inside(4, _PATH)),
}
_RESPONSE: Final = message({"description": (1, string), "schema": (2, inside(1, _schema))})
_OPERATION: Final = message(
    {
        "tags": (1, repeated(string)),
        "description": (3, string),
        "operationId": (5, string),
        "produces": (6, repeated(string)),
        "consumes": (7, repeated(string)),
        "parameters": (8, repeated(_parameter)),
        "responses": (9, inside(1, named(inside(1, _RESPONSE)))),
    },
    (13, named(_any)),
)
_ITEM: Final = message(
    {
        "get": (2, _OPERATION),
        "put": (3, _OPERATION),
        "post": (4, _OPERATION),
        "delete": (5, _OPERATION),
        "patch": (8, _OPERATION),
        "parameters": (9, repeated(_parameter)),
    }
)
_KEY: Final = message({"type": (1, string), "name": (2, string), "in": (3, string)})
_DOCUMENT: Final[wire.Places] = {
    "swagger": (1, string),
    "info": (2, message({"title": (1, string), "version": (2, string)})),
    "paths": (8, inside(2, named(_ITEM))),
    "definitions": (9, inside(1, named(_schema))),
    "security": (12, repeated(inside(1, named(inside(1, repeated(string)))))),
    "securityDefinitions": (13, inside(1, named(inside(2, _KEY)))),
}
