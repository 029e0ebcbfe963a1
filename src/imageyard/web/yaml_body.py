"""YAML as another spelling of JSON: plain tags, no aliases; one document in a body, several in a file of manifests.

Built from the parser's events with an explicit stack, so that neither aliases nor depth can make it grow. Plain
scalars follow the core schema of YAML 1.2 (section 10.3): `no` and `2024-01-01` are text, `012` is twelve.
"""

import re
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text
from imageyard.web import values

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TEXT: Final = "tag:yaml.org,2002:str"
_CONSTANTS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def parse(text: str) -> Any:
    """Raises BadRequest; Invalid naming the field for a duplicate key."""
    (value,) = _documents(text, 1) or (None,)
    return value


def parse_all(text: str, most: int) -> list[Any]:
    """Each of at most so many documents, with the limits of one body for all of them together. Raises as `parse`."""
    return _documents(text, most)


def _documents(text: str, most: int) -> list[Any]:
    builder = _Builder(most)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise values.malformed("YAML", line, column) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        # Characters YAML does not allow carry no mark.
        raise values.malformed("YAML", 1, 1) from None
    for value in builder.values:
        values.check(value)
    return builder.values


class _Mapping:
    """A mapping being filled: `key` is None until the next key has come."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.value: dict[str, Any] = {}
        self.key: str | None = None

    def place(self) -> str:
        return values.below(self.path, str(self.key))

    def put(self, child: Any) -> None:
        if self.key is None:
            self.key = _as_key(child)
            if self.key in self.value:
                raise values.duplicate(self.place())
        else:
            self.value[self.key] = child
            self.key = None


class _Sequence:
    def __init__(self, path: str) -> None:
        self.path = path
        self.value: list[Any] = []

    def place(self) -> str:
        return values.item(self.path, len(self.value))

    def put(self, child: Any) -> None:
        self.value.append(child)


class _Builder:
    """Takes events, holds the value of each document."""

    def __init__(self, most: int) -> None:
        self.values: list[Any] = []
        self._most = most
        self._documents = 0
        self._count = 0
        self._open: list[_Mapping | _Sequence] = []

    def take(self, event: Event) -> None:
        match event:
            case ScalarEvent():
                self._put(_scalar(event))
            case MappingStartEvent():
                self._begin(event.tag, _Mapping(self._place()))
            case SequenceStartEvent():
                self._begin(event.tag, _Sequence(self._place()))
            case MappingEndEvent() | SequenceEndEvent():
                self._put(self._open.pop().value)
            case AliasEvent():
                raise BadRequest(Text("YAML 请求体不能使用别名（*）", "a YAML body may not use aliases (*)"))
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > self._most:
                    raise _too_many(self._most)

    def _place(self) -> str:
        return self._open[-1].place() if self._open else ""

    def _begin(self, tag: str | None, container: _Mapping | _Sequence) -> None:
        if tag not in (None, "!"):
            raise _foreign_tag()
        if self._open and isinstance(self._open[-1], _Mapping) and self._open[-1].key is None:
            raise BadRequest(Text("YAML 的键必须是文本", "a YAML key must be text"))
        self._open.append(container)
        if len(self._open) > values.MAX_DEPTH:
            raise values.too_deep()

    def _put(self, child: Any) -> None:
        self._count += 1
        if self._count > values.MAX_VALUES:
            raise values.too_many()
        if self._open:
            self._open[-1].put(child)
        else:
            self.values.append(child)


def _too_many(most: int) -> BadRequest:
    if most == 1:
        return BadRequest(Text("请求体只能包含一个 YAML 文档", "the body may hold one YAML document only"))
    return BadRequest(Text(f"YAML 文档最多 {most} 个", f"there may be {most} YAML documents at most"))


def _scalar(event: ScalarEvent) -> Any:
    text: str = event.value
    if event.tag not in (None, "!", _TEXT):
        raise _foreign_tag()
    return _plain(text) if event.implicit[0] and event.tag is None else text


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _DECIMAL.fullmatch(text):
        return values.integer(text)
    if _OCTAL.fullmatch(text):
        return values.integer(text[2:], 8)
    if _HEXADECIMAL.fullmatch(text):
        return values.integer(text[2:], 16)
    if _FLOAT.fullmatch(text):
        return values.number(text)
    if _NOT_FINITE.fullmatch(text):
        raise values.not_finite()
    return text


def _as_key(value: Any) -> str:
    """JSON keys are text; a YAML key that reads as a number or a boolean is taken for a mistake."""
    if isinstance(value, str):
        return value
    raise BadRequest(Text("YAML 的键必须是文本", "a YAML key must be text"))


def _foreign_tag() -> BadRequest:
    return BadRequest(Text("YAML 请求体不能使用标签（!）", "a YAML body may not use tags (!)"))
