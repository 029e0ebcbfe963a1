"""Kubernetes conditions: set one, keep lastTransitionTime while the status stays."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

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
    raise NotImplementedError


def find(conditions: Sequence[Condition], type_: str) -> Condition | None:
    raise NotImplementedError
