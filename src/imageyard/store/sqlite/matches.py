"""What was found, remembered: how many objects a question matches, and which, in the order of their names.

A question is a query without its page. Answers follow the commits: a write that moves no object in or out leaves them
alone, one that does changes the count and ends the order. So a page of a list that was asked for before costs no more
than reading its rows, however deep it lies, and totals of a million are not counted again.
"""

from array import array
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Final, NamedTuple

from imageyard.store import Query
from imageyard.store.sqlite import moves, search
from imageyard.store.sqlite.moves import Move

_QUESTIONS: Final = 1_000
"""Each is as long as the head of a request at most. What is held costs a commit nothing."""
MOST_IDS: Final = 4_000_000
"""Of all answers together: 32 MB. Those asked for longest ago go first."""
_PART: Final = 50
"""What a page takes besides its ids, as if it were so many of them: some 400 bytes."""
_FOLLOWED: Final = 1_000
"""Moves of a resource that an answer can miss without being asked for; then it is found anew."""


class Question(NamedTuple):
    """`query.search` is folded, so that all ways of writing a term are one question."""

    resource: str
    query: Query


class Matched(NamedTuple):
    """Of a snapshot at `version`. `ids` in the order of names; None when there are too many to be worth it."""

    total: int
    ids: "array[int] | None"
    version: int


class Part(NamedTuple):
    """What one page shows of all matches."""

    offset: int
    limit: int
    ascending: bool

    def of(self, ids: "array[int]") -> "array[int]":
        if self.ascending:
            return ids[self.offset : self.offset + self.limit]
        behind = max(0, len(ids) - self.offset)
        return ids[max(0, behind - self.limit) : behind][::-1]


class _Moves:
    """The latest of one resource, and the newest that is no longer among them."""

    __slots__ = ("forgotten", "latest")

    def __init__(self, forgotten: int) -> None:
        self.latest: deque[Move] = deque()
        self.forgotten = forgotten

    def add(self, move: Move) -> None:
        self.latest.append(move)
        if len(self.latest) > _FOLLOWED:
            self.forgotten = self.latest.popleft().version

    def after(self, version: int) -> Iterator[Move]:
        """Those that are later, the latest first."""
        return takewhile(lambda move: move.version > version, reversed(self.latest))


class _Answer:
    """True for every snapshot from `since` up to the last commit told. What happened up to `seen` is in it."""

    __slots__ = ("ids", "parts", "seen", "since", "size", "total")

    def __init__(self, matched: Matched) -> None:
        self.total = matched.total
        self.ids = matched.ids
        self.parts: dict[Part, array[int]] = {}
        """Pages that were read where `ids` are too many."""
        self.size = 0 if matched.ids is None else len(matched.ids)
        """How many ids it holds, about."""
        self.since = self.seen = matched.version

    def add(self, part: Part, ids: "array[int]") -> int:
        """By how much it grew."""
        more = len(ids) + _PART
        self.parts[part] = ids
        self.size += more
        return more

    def follow(self, question: Question, moved: Iterable[Move]) -> None:
        """What was told since, the latest first."""
        steps = [(move.version, moves.step(question.query, move)) for move in moved]
        if steps:
            self.seen = steps[0][0]
        for version, step in steps:
            if step:
                self.total += step
                self.since = max(self.since, version)
                self.ids, self.size = None, 0
                self.parts.clear()


def of(resource: str, query: Query) -> Question | None:
    """The question behind a page of a numbered list in the order of names; None for any other."""
    if query.sort_by != "name" or query.offset is None or query.limit is None:
        return None
    asked = replace(query, search=search.fold(query.search), ascending=True, offset=None, limit=None, most_counted=None)
    return Question(resource, asked)


def part(query: Query) -> Part:
    """Of a query that is a page of a question."""
    return Part(query.offset or 0, query.limit or 0, query.ascending)


class Matches:
    """One event loop only. `version` is that of the last commit told."""

    def __init__(self, version: int) -> None:
        self._answers: OrderedDict[Question, _Answer] = OrderedDict()
        self._held = 0
        self._moves: defaultdict[str, _Moves] = defaultdict(partial(_Moves, version))
        """By resource."""
        self.version = version

    def get(self, question: Question) -> Matched | None:
        """The answer as of the last commit told."""
        answer = self._followed(question)
        if answer is None:
            return None
        self._answers.move_to_end(question)
        return Matched(answer.total, answer.ids, self.version)

    def shown(self, question: Question, part: Part) -> "array[int] | None":
        """The ids of a page as of the last commit told, in its order; None when they are not known."""
        answer = self._followed(question)
        if answer is None:
            return None
        return answer.parts.get(part) if answer.ids is None else part.of(answer.ids)

    def is_true(self, question: Question, matched: Matched, version: int) -> bool:
        """Whether an answer that was got is true for a snapshot too."""
        answer = self._followed(question)
        return answer is not None and answer.total == matched.total and answer.since <= version <= self.version

    def put(self, question: Question, matched: Matched) -> None:
        """Remember what was read, to be brought to the last commit told; not when too much happened since."""
        self._drop(question)
        answer = self._answers[question] = _Answer(matched)
        self._grew(answer.size)

    def add(self, question: Question, part: Part, ids: "array[int]") -> None:
        """Remember a page of which it is known that the answer `is_true` for what it was read from."""
        answer = self._answers.get(question)
        if answer is not None and answer.ids is None and part not in answer.parts:
            self._grew(answer.add(part, ids))

    def _grew(self, more: int) -> None:
        self._held += more
        while self._held > MOST_IDS or len(self._answers) > _QUESTIONS:
            self._drop(next(iter(self._answers)))

    def tell(self, told: Iterable[Move], version: int) -> None:
        """Follow a commit: what is held follows when it is asked for."""
        self.version = version
        for move in told:
            self._moves[move.key.resource].add(move)

    def _followed(self, question: Question) -> _Answer | None:
        """The answer with all that was told; None when it is not held, or missed too much."""
        answer = self._answers.get(question)
        if answer is None:
            return None
        moved = self._moves[question.resource]
        if answer.seen < moved.forgotten:
            self._drop(question)
            return None
        before = answer.size
        answer.follow(question, moved.after(answer.seen))
        self._held += answer.size - before
        return answer

    def _drop(self, question: Question) -> None:
        answer = self._answers.pop(question, None)
        if answer is not None:
            self._held -= answer.size
