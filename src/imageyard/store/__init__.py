"""Objects at rest: the Store protocol and its promises. Nothing above this package may assume SQLite.

Promises every Store keeps (the contract suite in `tests/contract/` is their proof):

1.  A write is answered after it is durable; a reader or watcher never sees what is not durable.
2.  One global counter numbers the writes (`resourceVersion`); it is never reused and never goes back.
3.  `replace` and `delete` succeed only against the resourceVersion they name; of two racing writers one wins.
4.  A watch is ordered, unique, reliable, resumable: from `since` on it shows each later change of its scope
    exactly once, in the order of resourceVersions, or raises `Gone` when the history is not kept that far
    (at least 5 minutes and 10,000 changes are) or the watcher fell too far behind.
5.  What is stored are the bytes that are served, with the resourceVersion inside.
6.  An object, its sealed secret and its note are written in one transaction, or none of them.
7.  A watcher that has caught up has a change at hand before the write that made it is answered.
8.  Stored bytes that do not match their checksum raise `Corrupt`; they are never served.
"""

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal, NamedTuple, Protocol, overload

import msgspec

from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key, Object
from imageyard.domain.selector import FieldSelector, LabelSelector


class Stored(NamedTuple):
    """An object at rest. `body` is its JSON with the resourceVersion inside; `managed` its managedFields, a JSON list,
    b"" for none and in the long lists of `Bodies`."""

    key: Key
    uid: str
    resource_version: int
    body: bytes
    managed: bytes = b""


class Bodies(Sequence[Stored]):
    """Objects of which only the bodies were read; who asks for one gets the rest out of its body. For long lists that
    are passed on as they are, which is what most lists are for."""

    __slots__ = ("_resource", "_texts", "_versions")

    def __init__(self, resource: str, versions: Sequence[int], bodies: Sequence[bytes]) -> None:
        self._resource = resource
        self._versions = versions
        # In memory once, and in one place: threads read it while it is being framed.
        self._texts: Sequence[bytes] | _Framed = bodies

    @property
    def bodies(self) -> Sequence[bytes]:
        texts = self._texts
        return [*texts.apart()] if isinstance(texts, _Framed) else texts

    def __len__(self) -> int:
        return len(self._versions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*self] == [*other]

    def framed(self, opening: bytes, closing: bytes, most: int) -> bytes | None:
        """All of them with commas between, in a frame; made once while the frame is the same. None where they are more
        than `most` bytes together."""
        held = self._texts
        if not isinstance(held, _Framed):
            lengths = (*map(len, held),)
            if sum(lengths) > most:
                return None
            self._texts = held = _Framed(opening, b",".join(held), closing, lengths)
        elif held.size > most:
            return None
        elif (held.opening, held.closing) != (opening, closing):
            self._texts = held = _Framed(opening, held.between(), closing, held.lengths)
        return held.text

    @overload
    def __getitem__(self, at: int) -> Stored: ...
    @overload
    def __getitem__(self, at: slice) -> "Bodies": ...
    def __getitem__(self, at: int | slice) -> "Stored | Bodies":
        if isinstance(at, slice):
            return Bodies(self._resource, self._versions[at], self.bodies[at])
        return self._stored(self._versions[at], self.bodies[at])

    def __iter__(self) -> Iterator[Stored]:
        return map(self._stored, self._versions, self.bodies)

    def _stored(self, version: int, body: bytes) -> Stored:
        named = msgspec.json.decode(body, type=_Named).metadata
        return Stored(Key(self._resource, named.namespace, named.name), named.uid, version, body)


class _Framed:
    """Texts with one byte between two, and a frame around them."""

    __slots__ = ("closing", "lengths", "opening", "size", "text")

    def __init__(
        self, opening: bytes, between: "bytes | memoryview[int]", closing: bytes, lengths: Sequence[int]
    ) -> None:
        self.opening = opening
        self.closing = closing
        self.text = b"".join((opening, between, closing))
        self.lengths = lengths
        self.size = sum(lengths)
        """Of the texts alone."""

    def between(self) -> "memoryview[int]":
        return memoryview(self.text)[len(self.opening) : len(self.text) - len(self.closing)]

    def apart(self) -> Iterator[bytes]:
        begin = len(self.opening)
        for length in self.lengths:
            yield self.text[begin : begin + length]
            begin += length + 1


class _Metadata(msgspec.Struct):
    name: str
    uid: str
    namespace: str = ""


class _Named(msgspec.Struct):
    metadata: _Metadata


class Change(NamedTuple):
    """One step of a watch. `body` is the object after the change (before it, for DELETED; b"" for BOOKMARK), `managed`
    its managedFields. `before` is what selectors saw in it until then, where the change moved that: so a watch with a
    selector knows what comes into its sight and what leaves it."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
    resource_version: int
    key: Key
    uid: str
    body: bytes
    managed: bytes = b""
    before: "Terms | None" = None


class Changes(AsyncIterator[Change]):
    """What a watch tells. It raises Gone, and ends when the store closes."""

    @abstractmethod
    def at_hand(self) -> Change | None:
        """The next change if it is there already, and never a bookmark: so somebody who is asked between two changes
        can be sure to know of every answered write. None also while the watch catches up. Raises Gone."""


class Terms(NamedTuple):
    """What selectors see of an object: its labels, and Index.fields without the empty ones."""

    labels: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """What to list. `namespaces` None means all; `search` is a case-insensitive substring of searchable texts.

    With an `offset` it asks for a page of a numbered list; without one, for a chunk that begins behind `continuation`
    (a token from an earlier Page, "" for the first) and answers the token of the next.
    """

    namespaces: frozenset[str] | None = None
    search: str = ""
    status: str | None = None
    reference: str | None = None
    """`namespace/name`: only objects that refer to it."""
    failing: bool | None = None
    labels: LabelSelector | None = None
    fields: FieldSelector | None = None
    sort_by: Literal["name", "createTime", "lastSynced", "status"] = "name"
    """`name` sorts by namespace, then name; the others fall back to that order among equals."""
    ascending: bool = True
    offset: int | None = None
    limit: int | None = None
    continuation: str = ""
    most_counted: int | None = None
    """Where a total has to be counted, it need not be counted further than this: then it is one more, which says "more
    than that". None: totals are exact."""


class Page(NamedTuple):
    """One page. `total` counts all matches; `continuation` is "" on the last page and where an offset was asked."""

    items: Sequence[Stored]
    total: int
    resource_version: int
    continuation: str

    @property
    def bodies(self) -> Sequence[bytes]:
        """The bodies of the items, without making the items."""
        return self.items.bodies if isinstance(self.items, Bodies) else [stored.body for stored in self.items]

    def framed(self, opening: bytes, closing: bytes, most: int) -> bytes | None:
        """The bodies with commas between, in a frame; None where they are more than `most` bytes together."""
        bodies = self.items if isinstance(self.items, Bodies) else Bodies("", (), self.bodies)
        return bodies.framed(opening, closing, most)


class Due(NamedTuple):
    """An object the engine has to look at, and when (None in Index.due never shows up here)."""

    key: Key
    at: datetime


class Note(NamedTuple):
    """A line of an object's history, written with the object. `keep` newest notes of the stream are kept.

    `digests` names contents of one scope that stay readable as long as the note does, within the object's share of
    32 MiB. Without a `scope`, those are meant that the object's history names already.
    """

    stream: Literal["sync", "verify"]
    keep: int
    body: bytes
    digests: tuple[str, ...] = ()
    scope: str = ""


class Content(NamedTuple):
    """What a registry holds under a digest, shared within one scope (registry origin + repository path) only."""

    scope: str
    digest: str
    media_type: str
    body: bytes


class Keep(Enum):
    """`replace(sealed=KEEP)`, `replace(managed=KEEP)`: what is stored stays as it is."""

    KEEP = "keep"


KEEP = Keep.KEEP


class Store(Protocol):
    """See the promises above. All failures are `imageyard.domain.errors`."""

    async def create(
        self, kind: Kind[Any], obj: Object, *, sealed: bytes | None = None, managed: bytes = b""
    ) -> Stored:
        """Store a new object; uid and creationTimestamp are already set, resourceVersion is set here.
        Raises AlreadyExists, Unavailable."""

    async def get(self, kind: Kind[Any], namespace: str, name: str) -> Stored:
        """Raises NotFound, Corrupt."""

    async def list(self, kind: Kind[Any], query: Query) -> Page:
        """Raises Gone for a continuation that is too old, BadRequest for one that is none."""

    async def count(self, kind: Kind[Any], query: Query) -> int:
        """How many objects match, without reading them."""

    async def replace(
        self,
        kind: Kind[Any],
        obj: Object,
        *,
        sealed: bytes | Keep | None = KEEP,
        managed: bytes | Keep = KEEP,
        note: Note | None = None,
        patient: bool = False,
    ) -> Stored:
        """Write over the version that `obj.metadata.resource_version` names.
        `sealed=None` removes the secret, `managed=b""` the managedFields. A `patient` write may be made durable a
        little later, together with others.
        Raises NotFound (also when the uid differs), Conflict, Unavailable."""

    async def delete(
        self, kind: Kind[Any], namespace: str, name: str, *, uid: str = "", resource_version: str = ""
    ) -> Stored:
        """Remove the object, its secret, its notes; answers its last state.
        Raises NotFound; Conflict when a given uid or resource_version differs."""

    def watch(
        self,
        kind: Kind[Any],
        *,
        namespace: str | None = None,
        since: int | None = None,
        bookmarks: bool = False,
    ) -> AbstractAsyncContextManager[Changes]:
        """Changes after resourceVersion `since` (None: from now on). With `bookmarks`, a BOOKMARK at least once a
        minute and one as soon as the watch has caught up. The iterator raises Gone, and ends when the store closes.
        The watch is registered when the context is entered, so nothing between is missed."""

    async def resource_version(self) -> int:
        """The newest durable resourceVersion."""

    @property
    def head(self) -> int:
        """The newest resourceVersion that watches have at hand."""

    async def size(self) -> int:
        """Bytes that everything stored takes; less after deletions."""

    async def due(self, kind: Kind[Any], until: datetime, limit: int) -> Sequence[Due]:
        """Objects whose Index.due is at or before `until`, longest overdue first. Reads an index, no objects."""

    async def sealed(self, kind: Kind[Any], namespace: str, name: str) -> bytes | None:
        """The sealed secret of an object, None when it has none. Raises NotFound."""

    async def sealed_after(self, cursor: str, limit: int) -> Sequence[tuple[str, Key, str, bytes]]:
        """(cursor, key, uid, sealed) in a stable order, for key rotation; begin with ""."""

    async def reseal(self, key: Key, old: bytes, new: bytes) -> bool:
        """Swap a sealed secret if it is still `old`; no resourceVersion moves. False when it has changed."""

    async def notes(self, uid: str, stream: Literal["sync", "verify"], limit: int) -> Sequence[bytes]:
        """An object's history, newest first."""

    async def scopes(self, uid: str, digest: str) -> Sequence[str]:
        """Where an object's history names a digest, the newest line first; "" where an earlier version did not keep
        it."""

    async def put_content(self, content: Content) -> None:
        """Keep a content. It stays an hour for a note to name it, and then as long as one does."""

    async def get_content(self, scope: str, digest: str) -> Content | None:
        """The content, None when it is not held."""

    async def sweep(self, now: datetime) -> int:
        """Drop contents nobody names any more and history beyond what is promised; answers how many contents."""

    async def holders(self, kind: Kind[Any]) -> Mapping[tuple[str, str], int]:
        """How many objects refer to each `namespace/name` (Index.reference) from each namespace."""
