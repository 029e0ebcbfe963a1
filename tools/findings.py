"""What bandit finds in the source and nobody has answered: `python -m tools.findings`, run by `make security`.

ruff judges most of the same rules under the same numbers (B608 is S608), so one answer does for both: a line that says
`noqa: S608 - why` needs no second comment. What only bandit finds is answered with `nosec B311 # why`.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

SOURCE: Final = Path("src")


def unanswered(results: Iterable[Mapping[str, Any]], line: Callable[[str, int], str]) -> list[str]:
    """One line per finding; `line` answers a line of a file by its number, from 1."""
    return [
        f"{found['filename']}:{found['line_number']}: {found['test_id']} {found['issue_text']}"
        for found in results
        if not _answered(found["test_id"], line(found["filename"], found["line_number"]))
    ]


def _answered(test: str, line: str) -> bool:
    return re.search(rf"# noqa: (?:\w+, )*S{test.removeprefix('B')}\b", line) is not None


def _line(file: str, number: int) -> str:
    return Path(file).read_text(encoding="utf-8").splitlines()[number - 1]


def main() -> int:
    asked = [sys.executable, "-m", "bandit", "-q", "-c", "pyproject.toml", "-r", str(SOURCE), "-f", "json"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise SystemExit(done.stderr)
    report = json.loads(done.stdout)
    found = [*map(str, report["errors"]), *unanswered(report["results"], _line)]
    print(*found, f"bandit: {len(found)} findings in {report['metrics']['_totals']['loc']} lines", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
