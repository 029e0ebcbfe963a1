"""OpenAPI v2 (Swagger), everything in one document, turned from the v3 documents.

client-go asks for it as protobuf only, by a name that is no valid media type; an answer in JSON would be an error to
it. kubectl asks when it applies a change and can do without; Argo CD cannot.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from imageyard.web.kube import document, resources
from imageyard.web.kube.document import Document
from imageyard.web.kube.openapi import gnostic, v3
from imageyard.web.kube.openapi.schemas import REFERENCE, Schema
from imageyard.web.kube.resources import RESOURCES, Resource

PATH: Final = "/openapi/v2"
PROTOBUF: Final = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
ASKED_AS: Final = frozenset({PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"})
"""What stands in Accept for protobuf."""


@lru_cache
def swagger(served: tuple[Resource, ...] = RESOURCES) -> Document:
    return document.of(written(served))


@lru_cache
def protobuf(served: tuple[Resource, ...] = RESOURCES) -> Document:
    return document.of_bytes(gnostic.encode(written(served)), PROTOBUF)


def written(served: tuple[Resource, ...] = RESOURCES) -> dict[str, Any]:
    """The document of everything."""
    paths: dict[str, Any] = {}
    definitions: dict[str, Schema] = {}
    for each in (v3.written(at, served) for at in resources.group_versions(served)):
        paths |= {path: _item(item) for path, item in each["paths"].items()}
        definitions |= {name: _schema(schema) for name, schema in each["components"]["schemas"].items()}
    return {
        "swagger": "2.0",
        "info": v3.INFO,
        "securityDefinitions": v3.SECURITY,
        "security": [{name: []} for name in v3.SECURITY],
        "paths": dict(sorted(paths.items())),
        "definitions": dict(sorted(definitions.items())),
    }


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        method: [_parameter(each) for each in value] if method == "parameters" else _operation(value)
        for method, value in item.items()
    }


def _operation(operation: Mapping[str, Any]) -> dict[str, Any]:
    sent = operation.get("requestBody", {"content": {}})
    answered = {media_type for each in operation["responses"].values() for media_type in each["content"]}
    body = [
        {"name": "body", "in": "body", "required": sent["required"], "schema": _schema(content["schema"])}
        for content in [*sent["content"].values()][:1]
    ]
    return {
        **{key: value for key, value in operation.items() if key != "requestBody"},
        **({"consumes": [*sent["content"]]} if body else {}),
        "produces": sorted(answered),
        "parameters": [*body, *(_parameter(each) for each in operation["parameters"])],
        "responses": {code: _response(each) for code, each in operation["responses"].items()},
    }


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    [content] = response["content"].values()
    return {"description": response["description"], "schema": _schema(content["schema"])}


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in parameter.items() if key != "schema"}, **parameter["schema"]}


def _schema(value: Any) -> Any:
    """The same schema with v2's references, which may have a description beside them, and without what v2 lacks."""
    match value:
        case {"allOf": [{"$ref": reference}]}:
            return {**{key: each for key, each in value.items() if key != "allOf"}, **_schema({"$ref": reference})}
        case {"$ref": str(reference)}:
            return {"$ref": reference.replace(REFERENCE, "#/definitions/")}
        case dict():
            return {key: _schema(each) for key, each in value.items() if (key, each) != ("writeOnly", True)}
        case list():
            return [_schema(each) for each in value]
    return value
