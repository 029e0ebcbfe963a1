"""Label and field selectors, in the grammar of Kubernetes (k8s.io/apimachinery/pkg/labels, /fields)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

from imageyard.domain import names, text
from imageyard.domain.errors import BadRequest
from imageyard.domain.text import Text


class Requirement(NamedTuple):
    """`key in (values)` and its relatives; `exists`/`absent` have no values. `=`/`==` is `in` with one value."""

    key: str
    operator: Literal["in", "notin", "exists", "absent"]
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """`notin` (and `!=`) holds also for an object without the label."""
        value = labels.get(self.key)
        match self.operator:
            case "in":
                return value is not None and value in self.values
            case "notin":
                return value is None or value not in self.values
            case "exists":
                return value is not None
            case "absent":
                return value is None


class LabelSelector(NamedTuple):
    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        return all(requirement.matches(labels) for requirement in self.requirements)


class FieldSelector(NamedTuple):
    """(path, "=" or "!=", value) triples; all must hold."""

    terms: tuple[tuple[str, Literal["=", "!="], str], ...]

    def only(self, path: str) -> str:
        """The one value that the field may have, "" when it may have others."""
        return next((value for named, operator, value in self.terms if named == path and operator == "="), "")

    def matches(self, fields: Mapping[str, str]) -> bool:
        """A field that is not there counts as empty."""
        return all((fields.get(path, "") == value) == (operator == "=") for path, operator, value in self.terms)


MOST_TERMS: Final = 100
"""Of a selector, in which each value of a list counts: each costs the database a look. Callers need a handful."""

_PIECE = re.compile(r"==|!=|[=!(),<>]|[^ \t\r\n=!(),<>]+")
"""What is found of it in a text leaves white space out."""
_SPECIAL: Final = frozenset({"==", "!=", "=", "!", "(", ")", ",", "<", ">", ""})
_OPERATORS: Final[Mapping[str, Literal["in", "notin"]]] = {
    "=": "in",
    "==": "in",
    "in": "in",
    "!=": "notin",
    "notin": "notin",
}


_COMMA: Final = Text("“,”", "`,`")
_OPERATOR: Final = Text("运算符 =、==、!=、in 或 notin", "one of `=`, `==`, `!=`, `in`, `notin`")
_KEY: Final = Text("标签键", "a key")
_VALUE: Final = Text("标签值", "a value")
_OPEN: Final = Text("“(”", "`(`")
_CLOSE: Final = Text("“,”或“)”", "`,` or `)`")


def parse_labels(selector: str) -> LabelSelector:
    """Parse `a=b,c!=d,e in (f,g),!h,i`. Raises BadRequest naming the bad part.

    `>` and `<` are refused: they compare numbers, which no label of these kinds holds."""
    return LabelSelector(_bounded(_Parser(_PIECE.findall(selector)).requirements()))


def _bounded(requirements: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    if sum(max(1, len(requirement.values)) for requirement in requirements) > MOST_TERMS:
        raise _too_many()
    return requirements


class _Parser:
    """Reads pieces from left to right; "" is the end."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = [*pieces, ""]
        self._at = 0

    def requirements(self) -> tuple[Requirement, ...]:
        found: list[Requirement] = []
        if not self._peek():
            return ()
        found.append(self._requirement())
        while piece := self._take():
            if piece != ",":
                raise self._unexpected(piece, _COMMA)
            found.append(self._requirement())
        return tuple(found)

    def _requirement(self) -> Requirement:
        if self._peek() == "!":
            self._take()
            return Requirement(self._key(), "absent")
        key = self._key()
        piece = self._peek()
        if piece in ("", ","):
            return Requirement(key, "exists")
        self._take()
        operator = _OPERATORS.get(piece)
        if operator is None:
            raise self._unexpected(piece, _OPERATOR)
        values = self._listed() if piece in ("in", "notin") else (self._value(),)
        return Requirement(key, operator, tuple(dict.fromkeys(values)))

    def _key(self) -> str:
        piece = self._take()
        if piece in _SPECIAL:
            raise self._unexpected(piece, _KEY)
        if not names.is_qualified(piece):
            raise _bad(f"“{text.excerpt(piece)}”不是有效的标签键", f"`{text.excerpt(piece)}` is no valid label key")
        return piece

    def _value(self) -> str:
        """One value; nothing before `,`, `)` or the end is the empty value."""
        if self._peek() in (",", ")", ""):
            return ""
        piece = self._take()
        if piece in _SPECIAL:
            raise self._unexpected(piece, _VALUE)
        if not names.is_label_value(piece):
            raise _bad(f"“{text.excerpt(piece)}”不是有效的标签值", f"`{text.excerpt(piece)}` is no valid label value")
        return piece

    def _listed(self) -> tuple[str, ...]:
        if (piece := self._take()) != "(":
            raise self._unexpected(piece, _OPEN)
        values = [self._value()]
        while (piece := self._take()) == ",":
            values.append(self._value())
        if piece != ")":
            raise self._unexpected(piece, _CLOSE)
        return tuple(values)

    def _peek(self) -> str:
        return self._pieces[self._at]

    def _take(self) -> str:
        piece = self._pieces[self._at]
        self._at = min(self._at + 1, len(self._pieces) - 1)
        return piece

    def _unexpected(self, piece: str, expected: Text) -> BadRequest:
        shown = text.excerpt(piece)
        zh = f"“{shown}”处应为{expected.zh}" if piece else f"结尾处缺少{expected.zh}"
        en = f"found `{shown}` where {expected.en} should be" if piece else f"{expected.en} is missing at the end"
        return _bad(f"标签选择器有误：{zh}", f"bad label selector: {en}")


def parse_fields(selector: str, allowed: frozenset[str]) -> FieldSelector:
    """Parse `metadata.name=x,status.syncStatus!=Failed`. Raises BadRequest for a path not in `allowed`.

    A backslash keeps `,`, `=` and itself in a value; no white space is dropped."""
    terms = _FIELD_SPLIT.findall(selector)
    if len(terms) > MOST_TERMS:
        raise _too_many()
    return FieldSelector(tuple(_term(term, allowed) for term in terms))


_FIELD_TERM = re.compile(r"((?:[^=!\\]|\\.|!(?!=))*)(!=|==|=)((?:[^=,\\]|\\[\\,=])*)", re.DOTALL)
_FIELD_SPLIT = re.compile(r"(?:[^,\\]|\\.|\\$)+", re.DOTALL)


def _term(term: str, allowed: frozenset[str]) -> tuple[str, Literal["=", "!="], str]:
    found = _FIELD_TERM.fullmatch(term)
    if found is None:
        raise _bad(
            f"无法理解字段选择器“{text.excerpt(term)}”，应为 字段=值 或 字段!=值",
            f"cannot read the field selector `{text.excerpt(term)}`; write field=value or field!=value",
        )
    path, operator, value = found.groups()
    if path not in allowed:
        choices = ", ".join(sorted(allowed))
        raise _bad(
            f"不支持按字段“{text.excerpt(path)}”筛选；可用字段：{choices}",
            f"field `{text.excerpt(path)}` cannot be selected; these can: {choices}",
        )
    return path, "!=" if operator == "!=" else "=", re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)


def _too_many() -> BadRequest:
    return _bad(f"选择器的条件超过 {MOST_TERMS} 个", f"the selector has more than {MOST_TERMS} terms")


def _bad(zh: str, en: str) -> BadRequest:
    return BadRequest(Text(zh, en))
