"""What is written with an object in tables beside its own: terms, its sealed secret, its managedFields."""

from imageyard.store.sqlite import bulk, checksum
from imageyard.store.sqlite.transaction import Transaction


def add_terms(tx: Transaction, number: int, id_: int, terms: set[tuple[str, str]]) -> None:
    bulk.insert(tx.connection, "terms", [(number, key, value, id_) for key, value in terms])


def drop_terms(tx: Transaction, number: int, id_: int, terms: set[tuple[str, str]]) -> None:
    if terms:
        rows = [(number, key, value, id_) for key, value in terms]
        tx.connection.executemany("DELETE FROM terms WHERE kind=? AND key=? AND value=? AND id=?", rows)


def seal(tx: Transaction, id_: int, sealed: bytes) -> None:
    tx.connection.execute("INSERT INTO sealed VALUES (?,?)", (id_, sealed))


def unseal(tx: Transaction, id_: int) -> None:
    tx.connection.execute("DELETE FROM sealed WHERE id = ?", (id_,))


def manage(tx: Transaction, id_: int, managed: bytes) -> None:
    tx.connection.execute("INSERT INTO managed VALUES (?,?,?)", (id_, checksum.of(managed), managed))


def unmanage(tx: Transaction, id_: int) -> None:
    tx.connection.execute("DELETE FROM managed WHERE id = ?", (id_,))
