"""What JSON and YAML bodies have in common: the limits on values, and the words when one is broken."""

from collections.abc import Iterator
from typing import Any, Final

from imageyard.domain.errors import DUPLICATE, BadRequest, Cause, Invalid
from imageyard.domain.text import Text

MAX_DEPTH: Final = 64
MAX_VALUES: Final = 200_000
"""Values in one body. No object needs a hundredth of it; it bounds the work that 3 MiB of brackets can cause."""
LONGEST_PATH: Final = 200
"""Characters of a field's path that an answer shows: a key may be as long as the body."""
_INTEGERS: Final = range(-(2**63), 2**64)
"""What 64 bits hold; larger ones could not be written back."""


def too_deep() -> BadRequest:
    return BadRequest(
        Text(f"请求体嵌套超过 {MAX_DEPTH} 层", f"the body is nested deeper than {MAX_DEPTH} levels"),
    )


def too_many() -> BadRequest:
    return BadRequest(Text(f"请求体中的值超过 {MAX_VALUES} 个", f"the body holds more than {MAX_VALUES} values"))


def malformed(language: str, line: int, column: int) -> BadRequest:
    """The place only: a parser's own words would repeat what was sent."""
    return BadRequest(
        Text(
            f"请求体不是合法的 {language}（第 {line} 行第 {column} 列）",
            f"the body is no valid {language} (line {line}, column {column})",
        )
    )


def below(path: str, key: str) -> str:
    """The path of a key below another, as long as is shown: many fields may stand below a key of megabytes."""
    key = key[:LONGEST_PATH]
    return f"{path}.{key}"[:LONGEST_PATH] if path else key


def item(path: str, place: int) -> str:
    """The path of a list's item, as long as is shown."""
    return f"{path}[{place}]"[:LONGEST_PATH]


def duplicate(path: str) -> Invalid:
    """`path` as `below` and `item` made it."""
    return Invalid([Cause(path, DUPLICATE, Text("字段重复", "the field is given twice"))])


def integer(digits: str, base: int = 10) -> int:
    """Read an integer of at most 64 bits. Raises BadRequest."""
    # int() takes quadratic time and refuses more than 4,300 digits on its own; 70 hold any 64-bit number.
    if len(digits) <= 70 and (value := int(digits, base)) in _INTEGERS:
        return value
    raise BadRequest(Text("请求体中的整数超出 64 位范围", "an integer in the body does not fit into 64 bits"))


def number(text: str) -> float:
    """Read a finite float. Raises BadRequest."""
    value = float(text)
    if value - value == 0:
        return value
    raise not_finite()


def not_finite() -> BadRequest:
    return BadRequest(
        Text("请求体中的数字不能是 NaN 或无穷大", "a number in the body is NaN, infinite or too large"),
    )


def is_surely_sound(text: str) -> bool:
    """Whether nothing that is read from this JSON text, itself decoded from UTF-8, can fail `check`."""
    return (
        len(text) <= MAX_VALUES
        and text.count("[") + text.count("{") <= MAX_DEPTH
        and "\\ud" not in text
        and "\\uD" not in text
    )


def check(value: Any) -> None:
    """Walk once: depth, and text that UTF-8 cannot carry (lone surrogates). Raises BadRequest."""
    level: list[Any] = [value]
    depth = -1
    seen = 0
    while level:
        depth += 1
        seen += len(level)
        if depth > MAX_DEPTH:
            raise too_deep()
        if seen > MAX_VALUES:
            raise too_many()
        level = [child for parent in level for child in _children(parent)]


def _children(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in value:
            _check_text(key)
        yield from value.values()
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, str):
        _check_text(value)


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadRequest(
            Text("请求体中的文本含有不成对的代理字符", "a text in the body holds half of a surrogate pair"),
        ) from None
