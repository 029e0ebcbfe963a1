"""Create and delete: operations on objects inside a write transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from imageyard.domain.errors import AlreadyExists, Conflict, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key
from imageyard.store import Stored
from imageyard.store.sqlite import bulk, checksum, companions, entry, found, moves, notes, texts
from imageyard.store.sqlite.entry import Entry
from imageyard.store.sqlite.found import Found
from imageyard.store.sqlite.transaction import Transaction

_SEQUENCE_BITS = 40


def first_id(number: int) -> int:
    """No object of the kind has a lower id; the next kind's begin at `first_id(number + 1)`."""
    return number << _SEQUENCE_BITS


def number_of(id_: int) -> int:
    """The number of the kind whose object has this id."""
    return id_ >> _SEQUENCE_BITS


@dataclass(frozen=True, slots=True)
class Create:
    """An object to be made. Those that come together are made together."""

    new: Entry
    sealed: bytes | None
    managed: bytes = b""

    def __call__(self, tx: Transaction) -> Stored:
        [answer] = create(tx, [self])
        if isinstance(answer, AlreadyExists):
            raise answer
        return answer


class _Making(NamedTuple):
    id: int
    number: int
    create: Create
    stored: Stored


def create(tx: Transaction, wanted: Sequence[Create]) -> list[Stored | AlreadyExists]:
    """Make those objects whose names are free; answers in their order what became of each."""
    tried = [_making(tx, each, version) for version, each in enumerate(wanted, tx.version + 1)]
    if bulk.insert_new(tx.connection, "objects", [_row(each) for each in tried]):
        _complete(tx, tried)
        return [each.stored for each in tried]
    if len(wanted) == 1:
        return [AlreadyExists(wanted[0].new.kind.singular, wanted[0].new.key.name)]
    # Each on its own, then, so that those whose names are free get the numbers they would have got alone.
    tx.connection.executemany("DELETE FROM objects WHERE id = ?", [(each.id,) for each in tried])
    return [answer for each in wanted for answer in create(tx, [each])]


def _making(tx: Transaction, wanted: Create, version: int) -> _Making:
    new, number = wanted.new, tx.numbers[wanted.new.key.resource]
    stored = Stored(new.key, new.obj.metadata.uid, version, new.encode(version), wanted.managed)
    return _Making(first_id(number) + version, number, wanted, stored)


def _row(making: _Making) -> bulk.Row:
    key, uid, version, body, _ = making.stored
    head = (making.id, making.number, key.namespace, key.name, uid, version, checksum.of(body, version))
    return (*head, *making.create.new.columns, body)


def _complete(tx: Transaction, made: Sequence[_Making]) -> None:
    """Write what goes with objects that were made."""
    terms = [(each.number, *term, each.id) for each in made for term in entry.terms_of(each.create.new.columns.terms)]
    bulk.insert(tx.connection, "terms", terms)
    texts.add(tx, [texts.Text(each.id, each.stored.key, each.create.new.text) for each in made])
    for id_, number, wanted, stored in made:
        if wanted.sealed is not None:
            companions.seal(tx, id_, wanted.sealed)
        if wanted.managed:
            companions.manage(tx, id_, wanted.managed)
        tx.version = stored.resource_version
        tx.count(number, stored.key.namespace, 1)
        tx.move(stored.resource_version, stored.key, None, moves.sight(wanted.new.columns, wanted.new.text))
        tx.log("ADDED", stored.resource_version, stored.key, stored.uid, stored.body, stored.managed)


def delete(tx: Transaction, kind: Kind[Any], key: Key, uid: str, resource_version: str) -> Stored:
    old = found.one(tx, key)
    if old is None:
        raise NotFound(kind.singular, key.name)
    if (uid and uid != old.uid) or (resource_version and resource_version != str(old.version)):
        raise Conflict(kind.singular, key.name)
    version = tx.next_version()
    body = _last_state(tx, kind, key, old, version)
    companions.drop_terms(tx, old.number, old.id, entry.terms_of(old.sight.terms))
    texts.drop(tx, old.id)
    companions.unseal(tx, old.id)
    companions.unmanage(tx, old.id)
    notes.drop(tx, old.uid)
    tx.connection.execute("DELETE FROM objects WHERE id = ?", (old.id,))
    tx.count(old.number, key.namespace, -1)
    tx.move(version, key, old.sight, None)
    tx.log("DELETED", version, key, old.uid, body, old.managed)
    return Stored(key, old.uid, version, body, old.managed)


def _last_state(tx: Transaction, kind: Kind[Any], key: Key, old: Found, version: int) -> bytes:
    """The object as it was, with the resourceVersion of its deletion (as Kubernetes' watch has it).

    A damaged object can be deleted, but its bytes are not served: then only what identifies it is told."""
    body, crc = tx.connection.execute("SELECT body, checksum FROM objects WHERE id = ?", (old.id,)).get
    if checksum.of(body, old.version) == crc:
        return entry.stamped(kind, kind.decode(body), version)
    metadata = {"name": key.name, "namespace": key.namespace, "uid": old.uid, "resourceVersion": str(version)}
    return msgspec.json.encode({"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata})
