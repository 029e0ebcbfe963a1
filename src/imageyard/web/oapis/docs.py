"""GET /oapis/docs: the OpenAPI document as a page that people read. Rendered here: no script, no other host."""

import json
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import Any, Final

from imageyard.domain.text import Language, Text
from imageyard.web import hygiene
from imageyard.web.doors import Doors
from imageyard.web.exchange import Exchange
from imageyard.web.oapis import openapi, schemas
from imageyard.web.reply import Headers, Reply

PATH: Final = "/oapis/docs"
_OPERATIONS: Final = Text("接口", "Operations")
_SCHEMAS: Final = Text("数据结构", "Schemas")
_PARAMETERS: Final = Text("参数", "Parameters")
_BODY: Final = Text("请求体示例", "Example of a body")
_ANSWERS: Final = Text("响应", "Answers")
_EXAMPLE: Final = Text("响应示例", "Example of an answer")
_FIELD: Final = Text("字段", "Field")
_TYPE: Final = Text("类型", "Type")
_MEANING: Final = Text("说明", "Meaning")
_REQUIRED: Final = Text("必需", "required")
_SKIP: Final = Text("跳到正文", "Skip to content")


async def page(doors: Doors, exchange: Exchange) -> Reply:
    return answer(exchange.language, doors.version)


def answer(language: Language, version: str) -> Reply:
    return Reply(200, _headers(), _rendered(language, version))


@lru_cache
def _headers() -> Headers:
    """The page's own style, known by its hash, is all that a browser may apply; nothing is loaded."""
    style = b64encode(sha256(_css().encode()).digest())
    return hygiene.page(
        b"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        % style
    )


@lru_cache
def _css() -> str:
    return resources.files(__package__).joinpath("docs.css").read_text(encoding="utf-8")


@lru_cache
def _rendered(language: Language, version: str) -> bytes:
    return render(openapi.document(language, version), language).encode()


def render(document: dict[str, Any], language: Language) -> str:
    """The whole page. Every text of the document is escaped where it is put in."""
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    say = _Speaker(language)
    return "".join(
        (
            f'<!doctype html><html lang="{"zh-CN" if language == "zh" else "en"}"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_css()}</style></head><body>",
            f'<a class="skip" href="#content">{say(_SKIP)}</a><header><h1>{title}</h1></header>',
            f'<nav aria-label="{say(_OPERATIONS)}"><ul>{"".join(_links(operations))}</ul></nav>',
            f'<main id="content"><h2>{say(_OPERATIONS)}</h2>',
            *(_operation(path, method, operation, say) for path, method, operation in operations),
            f"<h2>{say(_SCHEMAS)}</h2>",
            *(_schema(name, schema, say) for name, schema in sorted(document["components"]["schemas"].items())),
            "</main></body></html>",
        )
    )


class _Speaker:
    def __init__(self, language: Language) -> None:
        self._language: Language = language

    def __call__(self, text: Text) -> str:
        return escape(text.speak(self._language))


def _links(operations: list[tuple[str, str, dict[str, Any]]]) -> Iterator[str]:
    for _, _, operation in operations:
        yield f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'


def _operation(path: str, method: str, operation: dict[str, Any], say: _Speaker) -> str:
    identifier = operation["operationId"]
    parts = [f'<section id="{identifier}" aria-labelledby="{identifier}-h">']
    parts.append(f'<h3 id="{identifier}-h">{escape(operation["summary"])}</h3>')
    parts.append(f'<p class="path"><span class="{method}">{method.upper()}</span> <code>{escape(path)}</code></p>')
    if "description" in operation:
        parts.append(f"<p>{escape(operation['description'])}</p>")
    if operation.get("parameters"):
        rows = [
            (each["name"], _type(each["schema"]), _meaning(each["schema"] | {"description": each["description"]}, ""))
            for each in operation["parameters"]
        ]
        parts.append(f"<h4>{say(_PARAMETERS)}</h4>{_table(rows, say)}")
    if "requestBody" in operation:
        media_type, content = next(iter(operation["requestBody"]["content"].items()))
        parts.append(f"<h4>{say(_BODY)} <code>{escape(media_type)}</code></h4>{_example(content)}")
    parts.append(_answers(operation["responses"], say))
    return "".join((*parts, "</section>"))


def _answers(responses: dict[str, Any], say: _Speaker) -> str:
    code = next(iter(responses))
    content = responses[code].get("content", {}).get("application/json")
    codes = " ".join(f"<code>{each}</code>" for each in responses)
    shown = f"<h4>{say(_EXAMPLE)} <code>{code}</code></h4>{_example(content)}" if content else ""
    return f"{shown}<h4>{say(_ANSWERS)}</h4><p>{codes}</p>"


def _example(content: dict[str, Any]) -> str:
    return f"<pre tabindex=0>{escape(json.dumps(content['example'], ensure_ascii=False, indent=2))}</pre>"


def _schema(name: str, schema: dict[str, Any], say: _Speaker) -> str:
    required = schema.get("required", ())
    rows = [
        (field, _type(each), _meaning(each, say(_REQUIRED) if field in required else ""))
        for field, each in schema.get("properties", {}).items()
    ]
    return f'<section id="schema-{escape(name)}"><h3>{escape(name)}</h3>{_table(rows, say)}</section>'


def _meaning(schema: dict[str, Any], required: str) -> str:
    default = f"= {json.dumps(schema['default'])}" if "default" in schema else ""
    return " · ".join(filter(None, (schema.get("description", ""), required, _range(schema), default)))


def _range(schema: dict[str, Any]) -> str:
    """The bounds of a number that are narrower than those of any."""
    least, most = schema.get("minimum", 0), schema.get("maximum", schemas.LARGEST)
    if most < schemas.LARGEST:
        return f"{least} – {most}"
    return f"≥ {least}" if least > 0 else ""


def _type(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(each) for each in schema["anyOf"])
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(schema.get('items', {}))}]"
    return " ".join(filter(None, (schema.get("type", ""), schema.get("format", ""))))


def _table(rows: list[tuple[str, str, str]], say: _Speaker) -> str:
    head = "".join(f'<th scope="col">{say(each)}</th>' for each in (_FIELD, _TYPE, _MEANING))
    lines = "".join(
        f'<tr><th scope="row"><code>{escape(name)}</code></th><td>{escape(type_)}</td><td>{escape(words)}</td></tr>'
        for name, type_, words in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
