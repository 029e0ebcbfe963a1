"""Printer columns: what `kubectl get` shows of an object, as data on the Kind row."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from imageyard.domain import age, conditions
from imageyard.domain.objects import Condition

Cell = str | int | None


class Column(NamedTuple):
    """`cell` answers what stands in the column for an object at a moment, None for nothing. kubectl prints cells as
    they come, so that a `date` is written here as the age it is shown as, as Kubernetes' own servers do."""

    title: str
    type: Literal["string", "integer", "date"]
    cell: Callable[[Any, datetime], Cell]
    description: str
    format: str = ""
    wide: bool = False
    """Shown by `-o wide` only."""

    @property
    def priority(self) -> int:
        """As Kubernetes' Table tells it: 0 is always shown."""
        return int(self.wide)


NAME: Final = Column(
    "Name",
    "string",
    lambda obj, now: str(obj.metadata.name),
    "Name must be unique within a namespace.",
    format="name",
)
AGE: Final = Column(
    "Age",
    "date",
    lambda obj, now: age.since(obj.metadata.creation_timestamp, now),
    "How long ago the object was created.",
)


def standing(held: Sequence[Condition], type_: str) -> str:
    """The status of a condition, `Unknown` before it was judged."""
    found = conditions.find(held, type_)
    return "Unknown" if found is None else found.status
