"""`python -m bench`: measure, print, write bench/out/. Exits 1 when a target is missed or a part was not measured."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import compare, machine, parts, report
from bench.parts import PARTS
from bench.profile import LONG, QUICK
from bench.report import Report
from bench.world import Worlds


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parsed(arguments)
    earlier = compare.read(asked.compare) if asked.compare else {}
    settings: dict[str, object] = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **machine.told(asked.profile),
    }
    names = [name for name in PARTS if name in (asked.only or PARTS)]
    with tempfile.TemporaryDirectory(prefix="bench-", dir=asked.scratch) as scratch:
        worlds = Worlds(asked.world, Path(scratch))
        measured = []
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            measured.append(parts.run(name, asked.profile, worlds))
        settings["load average after"] = machine.load()
        settings["worlds"] = "; ".join(map(str, worlds.filled.values())) or "none"
    figures = [figure for part in measured for figure in part.figures]
    differences = compare.with_earlier(figures, earlier, whole=not asked.only) if asked.compare else []
    written = report.write(Report(settings, measured, differences, str(asked.compare or "")), asked.out)
    print(written.read_text())
    return 0 if all(part.passed for part in measured) else 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure each figure against its ceiling.")
    parser.set_defaults(profile=QUICK)
    parser.add_argument(
        "--long", dest="profile", action="store_const", const=LONG, help="a million objects, 20 minutes"
    )
    parser.add_argument("--only", action="append", choices=[*PARTS], metavar="PART", help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--compare", type=Path, metavar="REPORT.json", help="a report of an earlier run")
    parser.add_argument("--world", type=Path, metavar="DIR", help="where filled data directories stay for the next run")
    parser.add_argument(
        "--scratch", type=Path, metavar="DIR", help="where the rest is, instead of the temporary folder"
    )
    parser.add_argument("--minutes", type=float, help="how long images are kept in sync in the part million")
    parser.add_argument("--out", type=Path, metavar="DIR", default=report.OUT, help="where the report goes")
    asked = parser.parse_args(arguments)
    if asked.minutes is not None:
        asked.profile = replace(asked.profile, scheduled_minutes=asked.minutes)
    return asked


if __name__ == "__main__":
    sys.exit(main())
