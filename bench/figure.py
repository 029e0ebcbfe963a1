"""A figure: what was measured, its ceiling from the same run, and the target for their ratio."""

from typing import NamedTuple


class Figure(NamedTuple):
    """`value` and `ceiling` are in `unit`; the gate is `ratio >= target`, or `ratio <= target` where less is better."""

    name: str
    value: float
    ceiling: float
    unit: str
    target: float
    remark: str = ""
    at_most: bool = False

    @property
    def ratio(self) -> float:
        return self.value / self.ceiling if self.ceiling else 0.0

    @property
    def met(self) -> bool:
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def row(self) -> dict[str, object]:
        return {
            "figure": self.name,
            "value": round(self.value, 1),
            "unit": self.unit,
            "ceiling": round(self.ceiling, 1),
            "ratio": round(self.ratio, 3),
            "target": self.target,
            "met": self.met,
            "remark": self.remark,
        }
