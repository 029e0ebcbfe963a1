"""A figure: what was measured, its ceiling from the same run, and the target for their ratio."""

from typing import NamedTuple

from bench import words


class Figure(NamedTuple):
    """`value` and `ceiling` are in `unit`; the gate is `ratio >= target`, or `ratio <= target` where less is better.
    Its name tells it from every other of a run, and says of how many objects it speaks."""

    name: str
    value: float
    ceiling: float
    unit: str
    target: float
    remark: str = ""
    at_most: bool = False
    fixed: bool = False
    """The ceiling is a bound that was set, not a measurement of this run."""

    @classmethod
    def within(cls, name: str, value: float, bound: float, unit: str, remark: str = "") -> "Figure":
        """A figure that may be as much as `bound` and no more."""
        return cls(name, value, bound, unit, 1.0, remark, at_most=True, fixed=True)

    @property
    def ratio(self) -> float:
        return self.value / self.ceiling if self.ceiling else 0.0

    @property
    def met(self) -> bool:
        return self.ratio <= self.target if self.at_most else self.ratio >= self.target

    def row(self) -> dict[str, object]:
        """As report.json has it."""
        return {
            "figure": self.name,
            "value": words.rounded(self.value),
            "unit": self.unit,
            "ceiling": words.rounded(self.ceiling),
            "ratio": round(self.ratio, 4),
            "target": self.target,
            "met": self.met,
            "better": "less" if self.at_most else "more",
            "remark": "; ".join(filter(None, ("the ceiling is a bound" if self.fixed else "", self.remark))),
        }
