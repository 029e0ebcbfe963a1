"""Kubernetes conditions: set one, keep lastTransitionTime while the status stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from imageyard.domain import objects
from imageyard.domain.objects import Condition


def put(
    conditions: Sequence[Condition],
    type_: str,
    status: Literal["True", "False", "Unknown"],
    reason: str,
    message: str,
    generation: int,
    now: datetime,
) -> list[Condition]:
    """Answer the list with this condition set; order is kept, a new one goes last."""
    held = find(conditions, type_)
    since = held.last_transition_time if held is not None and held.status == status else None
    new = Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        observed_generation=generation,
        last_transition_time=since or objects.seconds(now),
    )
    if held is None:
        return [*conditions, new]
    return [new if condition is held else condition for condition in conditions]


def find(conditions: Sequence[Condition], type_: str) -> Condition | None:
    """The condition of this type, None when there is none."""
    return next((condition for condition in conditions if condition.type == type_), None)
