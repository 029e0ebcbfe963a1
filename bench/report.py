"""The report of a run: JSON for programs, Markdown to read, SVG to see."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from bench import chart, page
from bench.compare import Difference
from bench.parts import Part

OUT = Path(__file__).parent / "out"


class Report(NamedTuple):
    settings: Mapping[str, object]
    parts: Sequence[Part]
    differences: Sequence[Difference] = ()
    earlier: str = ""
    """What it was compared with."""

    def document(self) -> dict[str, object]:
        """As report.json has it: `{"settings": {…}, "figures": [{"figure", "value", "unit", "ceiling", "ratio",
        "target", "met", "better", "remark"}]}`."""
        settings = {
            **self.settings,
            "seconds by part": {part.name: round(part.seconds, 1) for part in self.parts},
            "not measured": {part.name: part.cause for part in self.parts if part.cause},
        }
        return {"settings": settings, "figures": [figure.row() for part in self.parts for figure in part.figures]}


def write(report: Report, folder: Path) -> Path:
    """Write report.json, report.svg and report.md; answer the path of the last."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report.document(), indent=2, ensure_ascii=False) + "\n")
    (folder / "report.svg").write_text(chart.drawn(report.parts))
    written = folder / "report.md"
    written.write_text(page.written(report.settings, report.parts, report.differences, report.earlier))
    return written
