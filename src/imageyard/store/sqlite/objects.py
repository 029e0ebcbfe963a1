"""Create, replace, delete: the operations on objects inside a write transaction."""

from typing import Any, NamedTuple

import msgspec

from imageyard.domain.errors import AlreadyExists, Conflict, NotFound
from imageyard.domain.kind import Kind
from imageyard.domain.objects import Key
from imageyard.store import Keep, Note, Stored
from imageyard.store.sqlite import checksum, entry, notes, texts
from imageyard.store.sqlite.entry import Entry
from imageyard.store.sqlite.transaction import Transaction

_SEQUENCE_BITS = 40


class _Row(NamedTuple):
    """What is there before a replace or delete."""

    id: int
    uid: str
    version: int
    terms: str
    text: str


def first_id(number: int) -> int:
    """No object of the kind has a lower id; the next kind's begin at `first_id(number + 1)`."""
    return number << _SEQUENCE_BITS


def create(tx: Transaction, new: Entry, sealed: bytes | None) -> Stored:
    number = tx.numbers[new.key.resource]
    version = tx.version + 1
    body = new.encode(version)
    id_, uid = first_id(number) + version, new.obj.metadata.uid
    head = (id_, number, new.key.namespace, new.key.name, uid, version, checksum.of(body, version))
    tx.connection.execute(
        "INSERT INTO objects VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", (*head, *new.columns, body)
    )
    if not tx.connection.changes():
        raise AlreadyExists(new.kind.singular, new.key.name)
    tx.next_version()
    _add_terms(tx, number, id_, entry.terms_of(new.columns.terms))
    texts.add(tx, id_, new.key, new.text)
    if sealed is not None:
        _seal(tx, id_, sealed)
    tx.count(number, new.key.namespace, 1)
    tx.log("ADDED", version, new.key, uid, body)
    return Stored(new.key, uid, version, body)


def replace(tx: Transaction, new: Entry, sealed: bytes | Keep | None, note: Note | None) -> Stored:
    number, metadata = tx.numbers[new.key.resource], new.obj.metadata
    old = _find(tx, number, new.key)
    if old is None or (metadata.uid and metadata.uid != old.uid):
        raise NotFound(new.kind.singular, new.key.name)
    if metadata.resource_version != str(old.version):
        raise Conflict(new.kind.singular, new.key.name)
    version = tx.version + 1
    body = new.encode(version)
    tx.next_version()
    tx.connection.execute(
        "UPDATE objects SET version=?, checksum=?, created=?, status=?, reference=?, due=?, synced=?, failing=?,"
        " terms=?, body=? WHERE id=?",
        (version, checksum.of(body, version), *new.columns, body, old.id),
    )
    if new.columns.terms != old.terms:
        before, after = entry.terms_of(old.terms), entry.terms_of(new.columns.terms)
        _drop_terms(tx, number, old.id, before - after)
        _add_terms(tx, number, old.id, after - before)
    if new.text != old.text:
        texts.drop(tx, old.id, new.key)
        texts.add(tx, old.id, new.key, new.text)
    if not isinstance(sealed, Keep):
        _unseal(tx, old.id)
        if sealed is not None:
            _seal(tx, old.id, sealed)
    if note is not None:
        notes.add(tx, old.uid, note)
    tx.log("MODIFIED", version, new.key, old.uid, body)
    return Stored(new.key, old.uid, version, body)


def delete(tx: Transaction, kind: Kind[Any], key: Key, uid: str, resource_version: str) -> Stored:
    number = tx.numbers[key.resource]
    old = _find(tx, number, key)
    if old is None:
        raise NotFound(kind.singular, key.name)
    if (uid and uid != old.uid) or (resource_version and resource_version != str(old.version)):
        raise Conflict(kind.singular, key.name)
    version = tx.next_version()
    body = _last_state(tx, kind, key, old, version)
    _drop_terms(tx, number, old.id, entry.terms_of(old.terms))
    texts.drop(tx, old.id, key)
    _unseal(tx, old.id)
    notes.drop(tx, old.uid)
    tx.connection.execute("DELETE FROM objects WHERE id = ?", (old.id,))
    tx.count(number, key.namespace, -1)
    tx.log("DELETED", version, key, old.uid, body)
    return Stored(key, old.uid, version, body)


def _find(tx: Transaction, number: int, key: Key) -> _Row | None:
    row = tx.connection.execute(
        "SELECT o.id, o.uid, o.version, o.terms, t.text FROM objects o JOIN texts t ON t.id = o.id"
        " WHERE o.kind = ? AND o.namespace = ? AND o.name = ?",
        (number, key.namespace, key.name),
    ).fetchone()
    return None if row is None else _Row(*row)


def _last_state(tx: Transaction, kind: Kind[Any], key: Key, old: _Row, version: int) -> bytes:
    """The object as it was, with the resourceVersion of its deletion (as Kubernetes' watch has it).

    A damaged object can be deleted, but its bytes are not served: then only what identifies it is told."""
    body, crc = tx.connection.execute("SELECT body, checksum FROM objects WHERE id = ?", (old.id,)).get
    if checksum.of(body, old.version) == crc:
        return entry.stamped(kind, kind.decode(body), version)
    metadata = {"name": key.name, "namespace": key.namespace, "uid": old.uid, "resourceVersion": str(version)}
    return msgspec.json.encode({"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata})


def _add_terms(tx: Transaction, number: int, id_: int, terms: set[tuple[str, str]]) -> None:
    if terms:
        rows = [(number, key, value, id_) for key, value in terms]
        tx.connection.executemany("INSERT INTO terms VALUES (?,?,?,?)", rows)


def _drop_terms(tx: Transaction, number: int, id_: int, terms: set[tuple[str, str]]) -> None:
    if terms:
        rows = [(number, key, value, id_) for key, value in terms]
        tx.connection.executemany("DELETE FROM terms WHERE kind=? AND key=? AND value=? AND id=?", rows)


def _seal(tx: Transaction, id_: int, sealed: bytes) -> None:
    tx.connection.execute("INSERT INTO sealed VALUES (?,?)", (id_, sealed))


def _unseal(tx: Transaction, id_: int) -> None:
    tx.connection.execute("DELETE FROM sealed WHERE id = ?", (id_,))
