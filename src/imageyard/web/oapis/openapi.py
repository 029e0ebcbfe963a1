"""The REST door's OpenAPI 3.1 document, written from the route table; GET /oapis/openapi.json serves it."""

from functools import lru_cache
from typing import Any, Final

import msgspec

from imageyard.domain.text import Language, Text
from imageyard.service.admission import ALL
from imageyard.web import reply
from imageyard.web.doors import Doors
from imageyard.web.errors import Status
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import answers, examples, operations, routes, schemas
from imageyard.web.oapis.operations import ALWAYS, Content, Operation, Parameter
from imageyard.web.oapis.routes import Endpoint, Route
from imageyard.web.oapis.schemas import reference
from imageyard.web.reply import Reply

PATH: Final = "/oapis/openapi.json"
ANSWERS: Final = (
    Status,
    answers.Verification,
    answers.Submission,
    answers.Deletions,
    answers.NamespaceList,
    answers.SyncEntry,
    answers.VerifyEntry,
    answers.ManifestDocument,
)
_TITLE: Final = Text("imageyard 镜像管理 API", "imageyard image management API")
_ERRORS: Final[dict[int, tuple[str, Text]]] = {
    400: ("Invalid", Text("请求参数错误", "the request breaks rules; details.causes names each field")),
    401: ("Unauthorized", Text("未授权", "no token, or one that is unknown, expired or revoked")),
    403: ("Forbidden", Text("权限不足", "the caller may not")),
    404: ("NotFound", Text("资源不存在", "there is no such object")),
    409: ("Conflict", Text("资源冲突", "the name is taken, or the object has changed since it was read")),
    413: ("RequestEntityTooLarge", Text("请求体超过 3 MiB", "the body is larger than 3 MiB")),
    414: ("RequestURITooLong", Text("URL 过长", "the URL is too long")),
    415: ("UnsupportedMediaType", Text("不支持的 Content-Type", "Content-Type not supported")),
    421: ("MisdirectedRequest", Text("Host 请求头不被接受", "the Host header names another server")),
    429: ("TooManyRequests", Text("请求过于频繁", "too many requests; Retry-After says how long to wait")),
    431: ("RequestHeaderFieldsTooLarge", Text("请求头过大", "the request's head is too large")),
    500: ("InternalError", Text("服务器内部错误", "internal server error")),
    503: ("ServiceUnavailable", Text("暂时不可用", "not possible now; Retry-After says how long to wait")),
}
_EXTRA_HEADERS: Final = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


async def page(doors: Doors, exchange: Exchange) -> Reply:
    return reply.stored(_encoded(exchange.language, doors.version))


@lru_cache
def _encoded(language: Language, version: str) -> bytes:
    return msgspec.json.encode(document(language, version))


@lru_cache
def document(language: Language, version: str) -> dict[str, Any]:
    """The whole document in one language."""
    paths = {routes.PREFIX + route.template: _path(route, language) for route in routes.ROUTES.values()}
    paths[f"{routes.PREFIX}/namespaces"] = {"get": _namespaces(language)}
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE.speak(language), "version": version},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": kind.name} for kind in routes.SERVED],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components(routes.SERVED, ANSWERS, language),
            "responses": {str(code): _failure(code, language) for code in _ERRORS},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _path(route: Route, language: Language) -> dict[str, Any]:
    return {method.lower(): _operation(route, endpoint, language) for method, endpoint in route.methods.items()}


def _operation(route: Route, endpoint: Endpoint, language: Language) -> dict[str, Any]:
    described = operations.OF[endpoint.handler](route.kind)
    identifier = "".join(part.capitalize() for part in route.resource.split("/")[1:])
    written: dict[str, Any] = {
        "operationId": f"{endpoint.verb}{route.kind.name}{identifier}",
        "tags": [route.kind.name],
        "summary": described.summary.speak(language),
        "parameters": [_parameter(each, language) for each in _parameters(route, described)],
        "responses": _responses(described, language),
    }
    if described.description:
        written["description"] = described.description.speak(language)
    if described.bodies:
        content = {media_type: _content(each) for media_type, each in described.bodies.items()}
        written["requestBody"] = {"required": described.body_required, "content": content}
    return written


def _parameters(route: Route, described: Operation) -> list[Parameter]:
    """Those in the path, then the operation's own."""
    namespace = schemas.SEGMENT if described.any_namespace else schemas.NAMESPACE
    words = Text("命名空间", "namespace")
    if described.everywhere:
        words = Text(f"命名空间，{ALL} 表示全部", f"namespace, {ALL} for all")
    given = [Parameter("namespace", "path", words, namespace, "default")]
    if "{name}" in route.template:
        given.append(Parameter("name", "path", Text("名称", "name"), schemas.NAME, examples.name(route.kind)))
    return [*given, *described.parameters]


def _parameter(parameter: Parameter, language: Language) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.text.speak(language),
        "schema": parameter.schema,
        "example": parameter.example,
    }


def _responses(described: Operation, language: Language) -> dict[str, Any]:
    success: dict[str, Any] = {"description": described.summary.speak(language), "headers": _headers(described.code)}
    if described.answer:
        success["content"] = {"application/json": _content(described.answer)}
    failures = sorted({*ALWAYS, *described.errors})
    return {str(described.code): success} | {str(code): {"$ref": f"#/components/responses/{code}"} for code in failures}


def _content(content: Content) -> dict[str, Any]:
    return {"schema": content.schema, "example": content.example}


def _headers(code: int) -> dict[str, Any]:
    names = ["X-Request-Id", *([_EXTRA_HEADERS[code]] if code in _EXTRA_HEADERS else [])]
    return {name: {"schema": {"type": "string"}} for name in names}


def _failure(code: int, language: Language) -> dict[str, Any]:
    reason, words = _ERRORS[code]
    example = examples.status(code, reason, words.speak(language))
    return {
        "description": words.speak(language),
        "headers": _headers(code),
        "content": {"application/json": _content(Content(reference("Status"), example))},
    }


def _namespaces(language: Language) -> dict[str, Any]:
    words = Text("列出可访问的命名空间", "list the namespaces in which the caller may list something")
    described = Operation(words, 200, Content(reference("NamespaceList"), examples.NAMESPACES), (403,))
    return {
        "operationId": "listNamespace",
        "tags": ["Namespace"],
        "summary": words.speak(language),
        "responses": _responses(described, language),
    }
