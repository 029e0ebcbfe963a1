"""`python -m bench`: measure, print, write bench/out/. Exits 1 when a target is missed or a part was not measured."""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bench import compare, machine, parts, report
from bench.compare import NoReport
from bench.parts import PARTS
from bench.profile import LONG, QUICK
from bench.report import Report
from bench.world import Worlds


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _parsed(arguments)
    before, earlier = asked.compare or ("", {})
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
    differences = compare.with_earlier(figures, earlier, whole=not asked.only) if before else []
    written = report.write(Report(settings, measured, differences, before), asked.out)
    print(written.read_text())
    return 0 if all(part.passed for part in measured) else 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Measure each figure against its ceiling.")
    parser.set_defaults(profile=QUICK)
    parser.add_argument(
        "--long", dest="profile", action="store_const", const=LONG, help="a million objects, 20 minutes"
    )
    parser.add_argument("--only", action="append", choices=[*PARTS], metavar="PART", help=f"one of {', '.join(PARTS)}")
    parser.add_argument("--compare", type=_earlier, metavar="REPORT.json", help="a report of an earlier run")
    kept = "where filled data directories stay for the next run"
    parser.add_argument("--world", type=_folder, metavar="DIR", help=kept)
    rest = "where the rest is, instead of the temporary folder"
    parser.add_argument("--scratch", type=_folder, metavar="DIR", help=rest)
    parser.add_argument("--minutes", type=float, help="how long images are kept in sync in the part million")
    parser.add_argument("--out", type=_folder, metavar="DIR", default=str(report.OUT), help="where the report goes")
    asked = parser.parse_args(arguments)
    if asked.minutes is not None:
        asked.profile = replace(asked.profile, scheduled_minutes=asked.minutes)
    return asked


def _folder(text: str) -> Path:
    """Made and tried before anything is measured: a long run ends with writing there."""
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as problem:
        raise argparse.ArgumentTypeError(f"{text} is no folder that can be written ({problem.strerror})") from problem


def _earlier(text: str) -> tuple[str, Mapping[str, float]]:
    """The path of an earlier report, and its ratios."""
    try:
        return text, compare.read(Path(text))
    except (OSError, NoReport) as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


if __name__ == "__main__":
    sys.exit(main())
