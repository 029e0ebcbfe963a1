"""What is stored beside an object's bytes, worked out from the object. Pure."""

from typing import Any, NamedTuple

import msgspec

from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key, Object
from imageyard.store import Terms
from imageyard.store.sqlite import moment, search

FIELD: str = ":"
"""Begins the key of a term that is a field of a fieldSelector; no label key can begin so."""


class Columns(NamedTuple):
    """The columns of `objects` that follow from an object, in the order of the statements that write them."""

    created: int | None
    status: str
    reference: str
    due: int | None
    synced: int | None
    failing: int
    terms: str


class Entry(NamedTuple):
    """An object on its way into the store."""

    kind: Kind[Any]
    key: Key
    obj: Object
    expected: str
    """The resourceVersion the object named when it came: it is written later, when its caller may have gone on."""
    columns: Columns
    text: str

    def encode(self, version: int) -> bytes:
        """The bytes that are stored and served."""
        return stamped(self.kind, self.obj, version)


def stamped(kind: Kind[Any], obj: Object, version: int) -> bytes:
    """Encode with the resourceVersion inside; the caller's object stays as it is."""
    metadata = msgspec.structs.replace(obj.metadata, resource_version=str(version))
    return kind.encode(msgspec.structs.replace(obj, metadata=metadata))


def prepare(kind: Kind[Any], obj: Object) -> Entry:
    index, metadata = kind.index(obj), obj.metadata
    terms = metadata.labels | {FIELD + path: value for path, value in index.fields.items() if value}
    columns = Columns(
        created=moment.stored_or_none(metadata.creation_timestamp),
        status=index.status,
        reference=index.reference,
        due=moment.stored_or_none(index.due),
        synced=moment.stored_or_none(index.synced),
        failing=int(index.failing),
        terms=msgspec.json.encode(terms, order="sorted").decode() if terms else "",
    )
    key = Key(kind.plural, metadata.namespace, metadata.name)
    return Entry(kind, key, obj, metadata.resource_version, columns, search.join(index.search))


def seen(written: str) -> Terms:
    """What selectors see, from the stored form."""
    terms = msgspec.json.decode(written, type=dict[str, str]) if written else {}
    return Terms(
        {key: value for key, value in terms.items() if not key.startswith(FIELD)},
        {key[len(FIELD) :]: value for key, value in terms.items() if key.startswith(FIELD)},
    )


def terms_of(written: str) -> set[tuple[str, str]]:
    """(key, value) pairs of the stored form of labels and fields."""
    return set(msgspec.json.decode(written, type=dict[str, str]).items()) if written else set()
