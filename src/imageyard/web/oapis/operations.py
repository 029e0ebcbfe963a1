"""What each handler does, in words and shapes: the table OpenAPI and the docs page are written from."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.service import candidate
from imageyard.service.objects import MOST_NAMES
from imageyard.web import body
from imageyard.web.oapis import (
    create,
    delete,
    examples,
    get,
    history,
    manifests,
    parameters,
    patch,
    replace,
    schemas,
    sync,
    verify,
)
from imageyard.web.oapis import list as listing
from imageyard.web.oapis.routes import Handler
from imageyard.web.oapis.schemas import Schema, reference


class Content(NamedTuple):
    """A schema with an example of it."""

    schema: Schema
    example: Any


class Parameter(NamedTuple):
    name: str
    place: str
    text: Text
    schema: Schema
    example: Any = None


class Operation(NamedTuple):
    """`bodies` by media type; `answer` None for 204. `errors` beyond those that any operation can give."""

    summary: Text
    code: int
    answer: Content | None
    errors: tuple[int, ...] = ()
    bodies: Mapping[str, Content] = {}
    body_required: bool = False
    parameters: tuple[Parameter, ...] = ()
    any_namespace: bool = False
    """Whether a text that is no namespace's name is answered as an empty namespace."""
    everywhere: bool = False
    """Whether `_all_` may stand for the namespace."""
    description: Text | None = None


ALWAYS: Final = (401, 414, 421, 429, 431, 500, 503)
"""Any operation that needs a token can answer these."""
_NAMED: Final = (400, 403, 404)
_BODY: Final = (413, 415)
_PART: Final[Schema] = {"type": "object"}
_MERGE_PATCH: Final[Schema] = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": _PART,
        "spec": _PART,
        "status": _PART,
    },
    "additionalProperties": False,
}
_JSON_PATCH: Final[Schema] = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
            "path": {"type": "string"},
            "from": {"type": "string"},
            "value": {},
        },
        "required": ["op", "path"],
    },
}
_DRY_RUN: Final = Schema(type="string", enum=["", "All"])


def _list(kind: Kind[Any]) -> Operation:
    return Operation(
        Text(f"列出 {kind.name}", f"list {kind.name} objects"),
        200,
        Content(reference(f"{kind.name}List"), examples.listed(kind)),
        (400, 403),
        parameters=_list_parameters(kind),
        any_namespace=True,
        everywhere=True,
    )


def _list_parameters(kind: Kind[Any]) -> tuple[Parameter, ...]:
    whole: Schema = {"type": "integer", "minimum": 1}
    text: Schema = {"type": "string"}
    given = [
        Parameter("page", "query", Text("页码", "page"), whole | {"default": 1}, 1),
        Parameter(
            "limit",
            "query",
            Text("每页数量", "objects on a page"),
            whole | {"maximum": parameters.MAX_LIMIT, "default": parameters.DEFAULT_LIMIT},
            10,
        ),
        Parameter(kind.search_parameter, "query", Text("搜索关键词", "what to search for"), text, ""),
        Parameter("sortBy", "query", Text("排序字段", "what to sort by"), {"enum": ["", *kind.sort_keys]}, "name"),
        Parameter("ascending", "query", Text("是否升序", "smallest first"), {"type": "boolean", "default": True}, True),
        Parameter("labelSelector", "query", Text("标签选择器", "Kubernetes label selector"), text, "app=web"),
        Parameter(
            "fieldSelector",
            "query",
            Text("字段选择器", "Kubernetes field selector"),
            text,
            f"metadata.name={examples.name(kind)}",
        ),
    ]
    if "status" in kind.sort_keys:
        given.append(Parameter("status", "query", Text("按状态筛选", "only objects in this state"), text, "Failed"))
    return tuple(given)


def _get(kind: Kind[Any]) -> Operation:
    return Operation(Text(f"获取 {kind.name}", f"get one {kind.name}"), 200, _object(kind), _NAMED)


def _object(kind: Kind[Any]) -> Content:
    return Content(reference(kind.name), examples.answered(kind))


def _create(kind: Kind[Any]) -> Operation:
    schema = reference(f"{kind.name}Input")
    if kind.secret_fields:
        given: Schema = {"properties": {"spec": {"required": [*kind.secret_fields]}}}
        schema = {"allOf": [schema, given]}
    return Operation(
        Text(f"创建 {kind.name}", f"create a {kind.name}"),
        201,
        Content(reference(kind.name), examples.created(kind)),
        (*_NAMED, 409, *_BODY),
        _of_object(schema, kind),
        body_required=True,
        description=Text(
            "命名空间不存在时自动创建；服务端关闭 auto_create_namespaces 时则应答 404",
            "the namespace is made if it is not there; with the server's auto_create_namespaces off that is a 404",
        ),
    )


def _of_object(schema: Schema, kind: Kind[Any]) -> Mapping[str, Content]:
    return {name: Content(schema, examples.sent(kind)) for name in body.OBJECTS}


def _replace(kind: Kind[Any]) -> Operation:
    return Operation(
        Text(f"替换 {kind.name}", f"replace a {kind.name}"),
        200,
        _object(kind),
        (*_NAMED, 409, *_BODY),
        _of_object(reference(f"{kind.name}Input"), kind),
        body_required=True,
    )


def _patch(kind: Kind[Any]) -> Operation:
    merge = Content(_MERGE_PATCH, examples.merge_patch(kind))
    steps = Content(_JSON_PATCH, examples.json_patch())
    return Operation(
        Text(f"修改 {kind.name}", f"patch a {kind.name}"),
        200,
        _object(kind),
        (*_NAMED, 409, *_BODY),
        {body.MERGE_PATCH: merge, body.JSON: merge, body.JSON_PATCH: steps},
        body_required=True,
    )


def _delete(kind: Kind[Any]) -> Operation:
    return Operation(Text(f"删除 {kind.name}", f"delete a {kind.name}"), 204, None, (*_NAMED, 409))


def _delete_named(kind: Kind[Any]) -> Operation:
    names: Schema = {"type": "array", "items": schemas.NAME, "minItems": 1, "maxItems": MOST_NAMES}
    schema: Schema = {
        "type": "object",
        "properties": {"names": names},
        "required": ["names"],
        "additionalProperties": False,
    }
    name = examples.name(kind)
    outcome = {"name": name, "success": True, "reason": "", "message": "已删除"}
    content = Content(schema, {"names": [name]})
    return Operation(
        Text(f"批量删除 {kind.name}", f"delete the named {kind.name} objects"),
        200,
        Content(reference("Deletions"), {"items": [outcome]}),
        (400, 403, *_BODY),
        dict.fromkeys(body.OBJECTS, content),
        body_required=True,
        any_namespace=True,
        description=Text("必须给出 names，不会删除全部", "names must be given; nothing else is ever deleted"),
    )


def _verify(kind: Kind[Any]) -> Operation:
    fields = {name: reference(f"{kind.name}Spec/properties/{name}") for name in sorted(candidate.FIELDS)}
    schema: Schema = {"type": "object", "properties": fields, "additionalProperties": False}
    return Operation(
        Text("验证镜像源连接", "test the connection"),
        200,
        Content(reference("Verification"), examples.VERIFICATION),
        (*_NAMED, 409, *_BODY),
        dict.fromkeys(body.OBJECTS, Content(schema, examples.VERIFY_BODY)),
        description=Text(
            "空对象使用已保存的凭证；给出域名、用户名和密码时不要求该名称已存在",
            "an empty object uses the stored credential; with domain, username and password the name need not exist",
        ),
    )


def _sync(kind: Kind[Any]) -> Operation:
    asked = Parameter(
        "dryRun",
        "query",
        Text("All：按请求体中的 spec 试取，不保存", "All: fetch by the spec in the body, store nothing"),
        _DRY_RUN,
        "",
    )
    tried: Schema = {"anyOf": [reference(f"{kind.name}Spec"), reference(f"{kind.name}Input")]}
    status: Schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"const": kind.api_version},
            "kind": {"const": kind.name},
            "metadata": {"type": "object"},
            "status": {"type": "object"},
        },
        "required": ["apiVersion", "kind", "metadata", "status"],
    }
    return Operation(
        Text("手动触发同步", "sync now"),
        200,
        Content({"anyOf": [reference("Submission"), status]}, examples.SUBMISSION),
        (*_NAMED, 409, *_BODY),
        dict.fromkeys(body.OBJECTS, Content(tried, examples.answered(kind).get("spec", {}))),
        parameters=(asked,),
    )


def _history(kind: Kind[Any]) -> Operation:
    name = history.list_kind(kind.subresources)
    schema: Schema = {
        "type": "object",
        "properties": {
            "apiVersion": {"const": kind.api_version},
            "kind": {"const": name},
            "items": {"type": "array", "items": reference(name.replace("HistoryList", "Entry"))},
            "totalItems": {"type": "integer", "minimum": 0},
        },
        "required": ["apiVersion", "kind", "items", "totalItems"],
        "additionalProperties": False,
    }
    example = examples.history(kind, name)
    return Operation(Text("历史记录", "history, newest first"), 200, Content(schema, example), _NAMED)


def _manifest(kind: Kind[Any]) -> Operation:
    return Operation(
        Text("按摘要读取清单", "manifest, config and layers of a digest"),
        200,
        Content(reference("ManifestDocument"), examples.MANIFEST),
        _NAMED,
        description=Text(
            "status 或历史中出现的摘要。未保存在本服务中的清单会用该镜像自己的凭证向镜像仓库读取："
            "仓库中没有则应答 404，无法读取则应答 503，原因见 details.causes",
            "a digest that status or history shows. A manifest that is not held is asked for with the image's own "
            "credential: 404 when the registry does not have it, 503 when it cannot be asked, with the reason in "
            "details.causes",
        ),
        parameters=(Parameter("digest", "path", Text("摘要", "digest"), schemas.DIGEST, examples.DIGEST),),
    )


OF: Final[dict[Handler, Callable[[Kind[Any]], Operation]]] = {
    listing.collection: _list,
    get.one: _get,
    create.one: _create,
    replace.one: _replace,
    patch.one: _patch,
    delete.one: _delete,
    delete.named: _delete_named,
    verify.one: _verify,
    sync.one: _sync,
    history.of_one: _history,
    manifests.one: _manifest,
}
"""A handler without a line here fails the build of the document, and with it its test."""
