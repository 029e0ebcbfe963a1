"""Rules of metadata that every kind shares, as Kubernetes has them (apimachinery validation, ObjectMeta)."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from imageyard.domain import names
from imageyard.domain.errors import INVALID, Cause
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.text import Text, excerpt

NameRule = Callable[[str, str], list[Cause]]
"""From a field and a name in it to what is wrong with the name."""

LONGEST_GENERATE_NAME: Final = 247
"""Leaves room for the suffix that makes a name of it, within the 253 of a name."""
ANNOTATIONS_SIZE: Final = 256 * 1024
"""Bytes of all annotation keys and values together."""
LABELS_SIZE: Final = 64 * 1024
"""Bytes of all label keys and values together: lists and selectors read them again and again."""
MOST_ENTRIES: Final[Mapping[str, int]] = {"labels": 1000, "finalizers": 32, "ownerReferences": 32}
OWNER_FIELDS: Final = 6
"""apiVersion, kind, name, uid, controller, blockOwnerDeletion."""
LONGEST_OWNER_FIELD: Final = 317
"""Characters: a prefix of 253, the slash and a name of 63, which bounds a finalizer too."""
SHOWN: Final = 20
"""Bad labels or annotations told at once: the body may hold hundred thousands, the answer must not."""


def crowded(given: object) -> list[Cause]:
    """What of a `metadata` as it came in has too many entries, told without a look at any entry: a body of 3 MiB
    holds hundred thousands, and refusing them must cost less than sending them."""
    if not isinstance(given, Mapping):
        return []
    return [
        Cause(f"metadata.{name}", INVALID, Text(f"最多 {most:,} 项", f"has at most {most:,} entries"))
        for name, most in MOST_ENTRIES.items()
        if isinstance(entries := given.get(name), Mapping | list) and len(entries) > most
    ]


def check(meta: ObjectMeta, *, namespaced: bool, named: NameRule = names.name) -> list[Cause]:
    """Every broken rule of name, namespace, labels, annotations, finalizers and owner references of what is not
    `crowded`. `named` is the rule of names."""
    return [
        *_name(meta, named),
        *(names.namespace("metadata.namespace", meta.namespace) if namespaced else _no_namespace(meta)),
        *islice(_labels(meta.labels), SHOWN),
        *islice(_annotations(meta.annotations), SHOWN),
        *islice(_finalizers(meta.finalizers), SHOWN),
        *islice(_owners(meta.owner_references), SHOWN),
    ]


def _name(meta: ObjectMeta, named: NameRule) -> list[Cause]:
    if meta.name or not meta.generate_name:
        return named("metadata.name", meta.name)
    prefix = meta.generate_name
    if len(prefix) <= LONGEST_GENERATE_NAME and not named("metadata.generateName", prefix + "x"):
        return []
    text = Text(
        f"须为有效名称的开头，最长 {LONGEST_GENERATE_NAME} 个字符，例如 nginx-",
        f"is the beginning of a valid name, at most {LONGEST_GENERATE_NAME} characters, for example nginx-",
    )
    return [Cause("metadata.generateName", INVALID, text)]


def _no_namespace(meta: ObjectMeta) -> list[Cause]:
    if not meta.namespace:
        return []
    text = Text("该类型不属于任何命名空间，请去掉此字段", "this kind has no namespace; drop the field")
    return [Cause("metadata.namespace", INVALID, text)]


def _labels(labels: Mapping[str, str]) -> Iterator[Cause]:
    if _size(labels) > LABELS_SIZE:
        yield Cause("metadata.labels", INVALID, Text("所有标签合计不得超过 64 KiB", "has at most 64 KiB in all"))
        return
    for key, value in labels.items():
        if not names.is_qualified(key):
            yield _bad_key("metadata.labels", key)
        if not names.is_label_value(value):
            text = Text(
                f"标签“{excerpt(key)}”的值最长 63 个字符，由字母、数字、“-”“_”“.”组成，首尾为字母或数字",
                f"the value of label `{excerpt(key)}` has at most 63 letters, digits, `-`, `_` and `.`, and begins "
                "and ends with a letter or digit",
            )
            yield Cause("metadata.labels", INVALID, text)


def _annotations(annotations: Mapping[str, str]) -> Iterator[Cause]:
    if _size(annotations) > ANNOTATIONS_SIZE:
        text = Text("所有注解合计不得超过 256 KiB", "all annotations together have at most 256 KiB")
        yield Cause("metadata.annotations", INVALID, text)
        return
    for key in annotations:
        # Kubernetes takes upper-case letters in an annotation's prefix, where it refuses them in a label's.
        if not names.is_qualified(key.lower()):
            yield _bad_key("metadata.annotations", key)


def _size(pairs: Mapping[str, str]) -> int:
    """Bytes of all keys and values together."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in pairs.items())


def _finalizers(finalizers: list[str]) -> Iterator[Cause]:
    return (_bad_key("metadata.finalizers", key) for key in finalizers if not names.is_qualified(key))


def _owners(owners: list[dict[str, Any]]) -> Iterator[Cause]:
    text = Text(
        f"最多 {OWNER_FIELDS} 个字段，各为布尔值或最长 {LONGEST_OWNER_FIELD} 个字符的字符串",
        f"has at most {OWNER_FIELDS} fields, each true, false or a string of at most {LONGEST_OWNER_FIELD} characters",
    )
    for n, owner in enumerate(owners):
        if len(owner) > OWNER_FIELDS or not all(map(_is_owner_field, owner, owner.values())):
            yield Cause(f"metadata.ownerReferences[{n}]", INVALID, text)


def _is_owner_field(name: str, value: object) -> bool:
    if isinstance(value, str):
        return len(name) <= LONGEST_OWNER_FIELD and len(value) <= LONGEST_OWNER_FIELD
    return isinstance(value, bool) and len(name) <= LONGEST_OWNER_FIELD


def _bad_key(field: str, key: str) -> Cause:
    text = Text(
        f"键“{excerpt(key)}”应写作 [前缀/]名称：前缀为域名，名称最长 63 个字符，由字母、数字、“-”“_”“.”组成",
        f"the key `{excerpt(key)}` is written [prefix/]name: the prefix a DNS name, the name at most 63 letters, "
        "digits, `-`, `_` and `.`",
    )
    return Cause(field, INVALID, text)
