"""Label and field selectors, in the grammar of Kubernetes (k8s.io/apimachinery/pkg/labels, /fields)."""

from collections.abc import Mapping
from typing import Literal, NamedTuple


class Requirement(NamedTuple):
    """`key in (values)` and its relatives; `exists`/`absent` have no values. `=`/`==` is `in` with one value."""

    key: str
    operator: Literal["in", "notin", "exists", "absent"]
    values: tuple[str, ...] = ()


class LabelSelector(NamedTuple):
    requirements: tuple[Requirement, ...]

    def matches(self, labels: Mapping[str, str]) -> bool:
        raise NotImplementedError


class FieldSelector(NamedTuple):
    """(path, "=" or "!=", value) triples; all must hold."""

    terms: tuple[tuple[str, Literal["=", "!="], str], ...]

    def matches(self, fields: Mapping[str, str]) -> bool:
        raise NotImplementedError


def parse_labels(text: str) -> LabelSelector:
    """Parse `a=b,c!=d,e in (f,g),!h,i`. Raises BadRequest naming the bad part."""
    raise NotImplementedError


def parse_fields(text: str, allowed: frozenset[str]) -> FieldSelector:
    """Parse `metadata.name=x,status.syncStatus!=Failed`. Raises BadRequest for a path not in `allowed`."""
    raise NotImplementedError
