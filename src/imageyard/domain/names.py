"""Rules of names: of objects and namespaces (DNS-1123), of label and annotation keys and label values.

Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/ (names, labels).
"""

import re

from imageyard.domain import reference
from imageyard.domain.errors import INVALID, REQUIRED, Cause
from imageyard.domain.text import Text

_NAME_PART = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")

LONGEST_NAME = 253

_SEGMENT_RULE = Text(
    f"不能是“.”或“..”，不能包含“/”“%”和控制字符，最长 {LONGEST_NAME} 个字符",
    f"may not be '.' or '..', may not contain '/', '%' or control characters, and has at most {LONGEST_NAME} "
    "characters",
)
_NAME_RULE = Text(
    "由小写字母、数字、“-”和“.”组成，首尾为字母或数字，最长 253 个字符",
    "has lower-case letters, digits, `-` and `.`, begins and ends with a letter or digit, and has at most 253 "
    "characters",
)
_LABEL_RULE = Text(
    "由小写字母、数字和“-”组成，首尾为字母或数字，最长 63 个字符",
    "has lower-case letters, digits and `-`, begins and ends with a letter or digit, and has at most 63 characters",
)


def required(field: str) -> Cause:
    """The field is there and empty where it must not be."""
    return Cause(field, REQUIRED, Text("不能为空", "must not be empty"))


def name(field: str, value: str) -> list[Cause]:
    """A DNS-1123 subdomain, as objects are named."""
    if not value:
        return [required(field)]
    return [] if reference.is_subdomain(value) else [Cause(field, INVALID, _NAME_RULE)]


def path_segment(field: str, value: str) -> list[Cause]:
    """Anything that can stand between two slashes of a path, as roles and their bindings are named
    (`system:discovery`)."""
    if not value:
        return [required(field)]
    sound = len(value) <= LONGEST_NAME and value not in (".", "..") and not set("/%") & set(value)
    return [] if sound and not has_control(value) else [Cause(field, INVALID, _SEGMENT_RULE)]


def namespace(field: str, value: str) -> list[Cause]:
    """A DNS-1123 label, as namespaces are named. `_all_` is a scope of lists, never a namespace."""
    if not value:
        return [required(field)]
    if value == "_all_":
        text = Text(
            "“_all_”只用于查询所有命名空间，请写具体的命名空间",
            "`_all_` is for lists over all namespaces; name one namespace",
        )
        return [Cause(field, INVALID, text)]
    return [] if reference.is_label(value) else [Cause(field, INVALID, _LABEL_RULE)]


def is_qualified(key: str) -> bool:
    """`[prefix/]name`, the grammar of label keys."""
    prefix, slash, last = key.rpartition("/")
    if slash and not (prefix and reference.is_subdomain(prefix)):
        return False
    return _NAME_PART.fullmatch(last) is not None


def is_label_value(value: str) -> bool:
    """Empty, or at most 63 characters beginning and ending with a letter or digit."""
    return not value or _NAME_PART.fullmatch(value) is not None


def has_control(text: str) -> bool:
    """Whether a control character (Unicode category Cc) is in the text: line breaks, tabs, NUL …"""
    return _CONTROL.search(text) is not None
