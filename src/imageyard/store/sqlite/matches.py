"""What was found, remembered: how many objects a question matches, and which, in the order of their names.

A question is a query without its page. Answers follow the commits: a write that moves no object in or out leaves them
alone, one that does changes the count at once and ends the order. So a page of a list that was asked for before costs
no more than reading its rows, however deep it lies, and totals of a million are not counted again.
"""

from array import array
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from imageyard.store import Query
from imageyard.store.sqlite import moves, search
from imageyard.store.sqlite.moves import Move

_QUESTIONS: Final = 256
MOST_IDS: Final = 4_000_000
"""Of all answers together: 32 MB. Those asked for longest ago go first."""
_FOLLOWED: Final = 1_000
"""Moves that an answer follows without being asked for; then it costs more than it saves."""


class Question(NamedTuple):
    """`query.search` is folded, so that all ways of writing a term are one question."""

    resource: str
    query: Query


class Matched(NamedTuple):
    """Of a snapshot at `version`. `ids` in the order of names; None when there are too many to be worth it."""

    total: int
    ids: "array[int] | None"
    version: int


class _Answer:
    """True for every snapshot from `since` up to the last commit told. What happened up to `read_at` is in it."""

    __slots__ = ("followed", "ids", "read_at", "since", "total")

    def __init__(self, matched: Matched) -> None:
        self.total = matched.total
        self.ids = matched.ids
        self.since = self.read_at = matched.version
        self.followed = 0

    def follow(self, question: Question, told: Iterable[Move]) -> None:
        for move in told:
            self._follow(question, move)

    def _follow(self, question: Question, move: Move) -> None:
        if move.version <= self.read_at or move.key.resource != question.resource:
            return
        self.followed += 1
        if step := moves.step(question.query, move):
            self.total += step
            self.ids = None
            self.since = move.version


def of(resource: str, query: Query) -> Question | None:
    """The question behind a page of a numbered list in the order of names; None for any other."""
    if query.sort_by != "name" or query.offset is None or query.limit is None:
        return None
    asked = replace(query, search=search.fold(query.search), ascending=True, offset=None, limit=None, most_counted=None)
    return Question(resource, asked)


class Matches:
    """One event loop only. `version` is that of the last commit told."""

    def __init__(self, version: int) -> None:
        self._answers: OrderedDict[Question, _Answer] = OrderedDict()
        self._held = 0
        self._moves: deque[Move] = deque(maxlen=_FOLLOWED)
        self._forgotten = version
        """The newest move that `_moves` no longer holds."""
        self.version = version

    def get(self, question: Question) -> Matched | None:
        """The answer as of the last commit told."""
        answer = self._answers.get(question)
        if answer is None:
            return None
        self._answers.move_to_end(question)
        answer.followed = 0
        return Matched(answer.total, answer.ids, self.version)

    def is_true(self, question: Question, matched: Matched, version: int) -> bool:
        """Whether an answer that was got is true for a snapshot too."""
        answer = self._answers.get(question)
        return answer is not None and answer.total == matched.total and answer.since <= version <= self.version

    def put(self, question: Question, matched: Matched) -> None:
        """Remember what was read, brought to the last commit told; not when too much happened since."""
        if matched.version < self._forgotten:
            return
        answer = _Answer(matched)
        answer.follow(question, self._moves)
        self._drop(question)
        self._answers[question] = answer
        self._held += _size(answer)
        while self._held > MOST_IDS or len(self._answers) > _QUESTIONS:
            self._drop(next(iter(self._answers)))

    def tell(self, told: Sequence[Move], version: int) -> None:
        """Follow a commit."""
        self.version = version
        if not told:
            return  # most commits move nothing, however many answers are held
        for move in told:
            if len(self._moves) == _FOLLOWED:
                self._forgotten = self._moves[0].version
            self._moves.append(move)
        for question, answer in [*self._answers.items()]:
            before = _size(answer)
            answer.follow(question, told)
            self._held += _size(answer) - before
            if answer.followed > _FOLLOWED:
                self._drop(question)

    def _drop(self, question: Question) -> None:
        answer = self._answers.pop(question, None)
        if answer is not None:
            self._held -= _size(answer)


def _size(answer: _Answer) -> int:
    return 0 if answer.ids is None else len(answer.ids)
