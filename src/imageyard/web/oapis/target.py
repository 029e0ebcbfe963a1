"""Which object or collection a path names: the parsed part of a REST path."""

from typing import Any, NamedTuple

from imageyard.domain.errors import INVALID, Cause, Invalid
from imageyard.domain.kind import Kind
from imageyard.domain.text import Text
from imageyard.web.oapis.parameters import ALL


class Target(NamedTuple):
    """`name` is "" for a collection, `digest` for all but manifests."""

    kind: Kind[Any]
    namespace: str
    name: str = ""
    digest: str = ""

    def within_one_namespace(self) -> None:
        """`_all_` is a scope to list, never a namespace to read one object from or write to. Raises Invalid."""
        if self.namespace == ALL:
            words = Text(f"{ALL} 只能用于列表", f"{ALL} is a scope for lists only; name one namespace")
            raise Invalid([Cause("metadata.namespace", INVALID, words)], kind=self.kind.singular, name=self.name)
