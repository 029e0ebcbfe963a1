"""Objects written over those that are there. Those that come together are written together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from imageyard.domain.errors import Conflict, Failure, NotFound
from imageyard.domain.objects import Key
from imageyard.store import Keep, Note, Stored
from imageyard.store.sqlite import bulk, checksum, companions, entry, found, moves, notes, texts
from imageyard.store.sqlite.entry import Entry
from imageyard.store.sqlite.found import Found
from imageyard.store.sqlite.transaction import Transaction

_MOSTLY: Final = ("version", "checksum", "due", "synced", "body")
"""Columns that most replacements change: a sync's outcome that says the same at a later time changes no other."""
_ALL: Final = (*_MOSTLY, "created", "status", "reference", "failing", "terms")


@dataclass(frozen=True, slots=True)
class Replace:
    """An object to be written over the stored one, with what becomes of its sealed secret and its managedFields."""

    new: Entry
    sealed: bytes | Keep | None
    managed: bytes | Keep
    note: Note | None

    def __call__(self, tx: Transaction) -> Stored:
        [answer] = replace(tx, [self])
        if isinstance(answer, Failure):
            raise answer
        return answer


class _Replacing(NamedTuple):
    wanted: Replace
    old: Found
    stored: Stored

    @property
    def is_elsewhere(self) -> bool:
        """Whether it has another place in some index but those of when it is due and was synced."""
        new, seen = self.wanted.new.columns, self.old.sight
        return (new.created, new.status, new.reference, new.failing, new.terms) != (
            self.old.created,
            seen.status,
            seen.reference,
            seen.failing,
            seen.terms,
        )


def replace(tx: Transaction, wanted: Sequence[Replace]) -> list[Stored | Failure]:
    """Answers in their order what became of each: NotFound and Conflict for those that may not be written."""
    return [answer for some in _runs(wanted) for answer in _replace(tx, some)]


def _runs(wanted: Sequence[Replace]) -> Iterator[Sequence[Replace]]:
    """Parts in which each object comes once: whoever writes it again finds what was written before."""
    run: dict[Key, Replace] = {}
    for each in wanted:
        if each.new.key in run:
            yield [*run.values()]
            run = {}
        run[each.new.key] = each
    yield [*run.values()]


def _replace(tx: Transaction, wanted: Sequence[Replace]) -> list[Stored | Failure]:
    there = found.find(tx, [each.new.key for each in wanted])
    answers: list[Stored | Failure] = []
    replacing: list[_Replacing] = []
    for each in wanted:
        new, old = each.new, there.get(each.new.key)
        uid = new.obj.metadata.uid
        if old is None or (uid and uid != old.uid):
            answers.append(NotFound(new.kind.singular, new.key.name))
        elif new.expected != str(old.version):
            answers.append(Conflict(new.kind.singular, new.key.name))
        else:
            version = tx.next_version()
            managed = old.managed if isinstance(each.managed, Keep) else each.managed
            stored = Stored(new.key, old.uid, version, new.encode(version), managed)
            answers.append(stored)
            replacing.append(_Replacing(each, old, stored))
    bulk.update(tx.connection, "objects", _MOSTLY, [_row(one) for one in replacing if not one.is_elsewhere])
    bulk.update(tx.connection, "objects", _ALL, [_row(one) for one in replacing if one.is_elsewhere])
    for one in replacing:
        _complete(tx, one)
    return answers


def _row(replacing: _Replacing) -> bulk.Row:
    (key, uid, version, body, _), old = replacing.stored, replacing.old
    head = (old.id, old.number, key.namespace, key.name, uid, version, checksum.of(body, version))
    return (*head, *replacing.wanted.new.columns, body)


def _complete(tx: Transaction, replacing: _Replacing) -> None:
    """Write what goes with an object that was replaced."""
    wanted, old, stored = replacing
    new, sealed, note = wanted.new, wanted.sealed, wanted.note
    seen, terms = old.sight, None
    if new.columns.terms != seen.terms:
        terms = seen.terms
        before, after = entry.terms_of(seen.terms), entry.terms_of(new.columns.terms)
        companions.drop_terms(tx, old.number, old.id, before - after)
        companions.add_terms(tx, old.number, old.id, after - before)
    if new.text != seen.text:
        texts.drop(tx, old.id)
        texts.add(tx, [texts.Text(old.id, new.key, new.text)])
    if not isinstance(sealed, Keep):
        companions.unseal(tx, old.id)
        if sealed is not None:
            companions.seal(tx, old.id, sealed)
    if stored.managed != old.managed:
        companions.unmanage(tx, old.id)
        if stored.managed:
            companions.manage(tx, old.id, stored.managed)
    if note is not None:
        notes.add(tx, old.uid, note)
    tx.move(stored.resource_version, new.key, seen, moves.sight(new.columns, new.text))
    tx.log("MODIFIED", stored.resource_version, new.key, old.uid, stored.body, stored.managed, terms)
