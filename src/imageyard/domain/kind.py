"""A kind is one row: names, scope, types, rules, secret fields, searchable fields, columns.

Discovery, OpenAPI, Table, REST, CLI and console read this row; adding a kind touches one file in `kinds/`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

import msgspec

from imageyard.domain import objects
from imageyard.domain.columns import AGE, NAME, Column
from imageyard.domain.errors import Cause
from imageyard.domain.objects import Object
from imageyard.domain.secret import Secret

T = TypeVar("T", bound=Object)

VERBS: Final = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
"""Kubernetes' verbs on a resource that is stored."""
_ENVELOPE: Final = frozenset({*Object.__struct_fields__, "status"})


class Index(NamedTuple):
    """What a store keeps beside an object's bytes so that lists and the engine need not decode them."""

    search: tuple[str, ...] = ()
    """The texts that `search`/`name` look into; no other field is searchable."""
    status: str = ""
    """What the `status` filter and `sortBy=status` compare: syncStatus, or verify-status."""
    reference: str = ""
    """`namespace/name` of the object this one depends on, the uid of the one it tells of, "" for none."""
    due: datetime | None = None
    """When the engine next has to look at the object; None = never by itself."""
    synced: datetime | None = None
    """What `sortBy=lastSynced` compares: of an event, when it was last seen."""
    failing: bool = False
    """Whether the last outcome was a failure (woken by changes of what it depends on)."""
    fields: Mapping[str, str] = {}
    """What fieldSelector may ask beyond metadata.name and metadata.namespace."""


class ByKey(NamedTuple):
    """A list whose items are told apart by one of their fields."""

    key: str


Topology = Literal["atomic", "set", "unowned"] | ByKey
"""How server-side apply merges a value: as a whole, a list as a set, or a list item by item. `unowned` is the server's:
no field manager owns it."""


class View(NamedTuple):
    """How another API group writes the objects of a kind. A row with a view in it is of that group, and has no objects
    of its own at rest."""

    of: "Kind[Any]"
    """The kind as it is stored."""
    words: Mapping[str, str]
    """The fields that this group calls otherwise: by their stored names, how it calls them."""

    def shown(self, document: Mapping[str, Any], api_version: str) -> dict[str, Any]:
        """A stored document as this group writes it. Fields that are empty words are left out."""
        renamed = {self.words.get(name, name): value for name, value in document.items() if value != ""}
        return {**renamed, "apiVersion": api_version}

    def taken(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """A document of this group as it would be stored. Stored names mean nothing here."""
        stored = {word: name for name, word in self.words.items()}
        kept = {stored.get(name, name): value for name, value in document.items() if name not in self.words}
        return {**kept, "apiVersion": self.of.api_version}

    def path(self, stored: str) -> str:
        """`involvedObject.kind` as this group calls it: `regarding.kind`."""
        head, dot, rest = stored.partition(".")
        return f"{self.words.get(head, head)}{dot}{rest}"

    def fields(self) -> dict[str, str]:
        """What fieldSelector may ask here, and what that is in Index.fields."""
        return {self.path(stored): stored for stored in self.of.selectable}


def _decode_secret(type_: type, value: object) -> object:
    if type_ is Secret and isinstance(value, str):
        return Secret(value)
    raise msgspec.ValidationError("Expected `str`")


@dataclass(frozen=True, eq=False)
class Kind(Generic[T]):
    """One row. `validate(new, old)` answers every broken rule; old is None on create."""

    name: str
    plural: str
    singular: str
    type: type[T]
    index: Callable[[T], Index]
    validate: Callable[[T, T | None], list[Cause]]
    group: str = objects.GROUP
    version: str = objects.VERSION
    path: str = ""
    """Plural in REST paths where it differs from `plural` (`registry-secrets`)."""
    namespaced: bool = True
    served: bool = True
    """False for kinds that no REST or kube path shows (access tokens)."""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ("imageyard",)
    subresources: tuple[str, ...] = ("status",)
    secret_fields: tuple[str, ...] = ()
    """Names of spec fields that go to the keyring and never come back."""
    server_annotations: frozenset[str] = frozenset()
    """Annotations the server owns: what a caller sets there is ignored with a Warning."""
    topology: Mapping[str, Topology] = field(default_factory=dict)
    """How server-side apply merges a value, by its path (`spec.hosts`, `status.conditions`; `[]` for an item), where
    that is not as usual: objects field by field, lists as a whole."""
    search_parameter: str = "search"
    """The REST query parameter of the substring search."""
    sort_keys: tuple[str, ...] = ("name", "createTime")
    verbs: tuple[str, ...] = VERBS
    """What kube clients may do with it."""
    selectable: tuple[str, ...] = ()
    """What fieldSelector may name beyond metadata.name and metadata.namespace: the keys of Index.fields."""
    columns: tuple[Column, ...] = (NAME, AGE)
    """What `kubectl get` shows: the name first, the age last, those of `-o wide` after it."""
    view: View | None = None
    """For a row that shows the objects of another one."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def rest_path(self) -> str:
        return self.path or self.plural

    def content(self, obj: T) -> dict[str, Any]:
        """What a user says in the object beside its metadata, by attribute: its spec, or a role's rules."""
        return {name: getattr(obj, name) for name in self.type.__struct_fields__ if name not in _ENVELOPE}

    @property
    def stored(self) -> "Kind[Any]":
        """The row whose objects are at rest: this one, or the one it shows."""
        return self if self.view is None else self.view.of

    def shown(self, body: bytes) -> bytes:
        """Stored JSON as this row's group writes it."""
        if self.view is None:
            return body
        return msgspec.json.encode(self.view.shown(msgspec.json.decode(body), self.api_version))

    def decode(self, body: bytes) -> T:
        """Read stored bytes. Raises msgspec.ValidationError when they are not this kind."""
        return msgspec.json.decode(body, type=self.type, dec_hook=_decode_secret)

    def convert(self, document: object) -> T:
        """Turn a checked JSON document into the type. Callers wanting every error use `document.read`."""
        return msgspec.convert(document, self.type, dec_hook=_decode_secret)

    def encode(self, obj: T) -> bytes:
        """Write the bytes that are stored and served. A Secret inside raises TypeError."""
        return msgspec.json.encode(obj)
