"""Rules of metadata that every kind shares, as Kubernetes has them (apimachinery validation, ObjectMeta)."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Final

from imageyard.domain import names, reference
from imageyard.domain.errors import INVALID, Cause
from imageyard.domain.objects import ObjectMeta
from imageyard.domain.text import Text, excerpt

LONGEST_GENERATE_NAME: Final = 247
"""Leaves room for the suffix that makes a name of it, within the 253 of a name."""
ANNOTATIONS_SIZE: Final = 256 * 1024
"""Bytes of all annotation keys and values together."""
SHOWN: Final = 20
"""Bad labels or annotations told at once: the body may hold hundred thousands, the answer must not."""


def check(meta: ObjectMeta, *, namespaced: bool) -> list[Cause]:
    """Every broken rule of name, namespace, labels, annotations and finalizers."""
    return [
        *_name(meta),
        *(names.namespace("metadata.namespace", meta.namespace) if namespaced else _no_namespace(meta)),
        *islice(_labels(meta.labels), SHOWN),
        *islice(_annotations(meta.annotations), SHOWN),
        *islice(_finalizers(meta.finalizers), SHOWN),
    ]


def _name(meta: ObjectMeta) -> list[Cause]:
    if meta.name or not meta.generate_name:
        return names.name("metadata.name", meta.name)
    prefix = meta.generate_name
    if len(prefix) <= LONGEST_GENERATE_NAME and reference.is_subdomain(prefix + "x"):
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
    for key in annotations:
        # Kubernetes takes upper-case letters in an annotation's prefix, where it refuses them in a label's.
        if not names.is_qualified(key.lower()):
            yield _bad_key("metadata.annotations", key)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATIONS_SIZE:
        text = Text("所有注解合计不得超过 256 KiB", "all annotations together have at most 256 KiB")
        yield Cause("metadata.annotations", INVALID, text)


def _finalizers(finalizers: list[str]) -> Iterator[Cause]:
    return (_bad_key("metadata.finalizers", key) for key in finalizers if not names.is_qualified(key))


def _bad_key(field: str, key: str) -> Cause:
    text = Text(
        f"键“{excerpt(key)}”应写作 [前缀/]名称：前缀为域名，名称最长 63 个字符，由字母、数字、“-”“_”“.”组成",
        f"the key `{excerpt(key)}` is written [prefix/]name: the prefix a DNS name, the name at most 63 letters, "
        "digits, `-`, `_` and `.`",
    )
    return Cause(field, INVALID, text)
