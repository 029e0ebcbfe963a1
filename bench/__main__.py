"""`python -m bench [--quick]`: measure, print, write bench/out/. Exits 1 when a target is missed."""

import argparse
import platform
import sys
from datetime import UTC, datetime

from bench import callers, console, flood, hostile, objects, report, syncs, watches

PARTS = ("objects", "syncs", "watches", "callers", "flood", "hostile", "console")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the objects, shorter runs")
    parser.add_argument("--only", choices=PARTS, help="one part")
    arguments = parser.parse_args()
    count, images, seconds = (10_000, 200, 2) if arguments.quick else (100_000, 1_000, 5)
    figures = []
    if arguments.only in (None, "objects"):
        figures += objects.measure(count, seconds)
    if arguments.only in (None, "syncs"):
        figures += syncs.measure(images)
    if arguments.only in (None, "watches"):
        figures += watches.measure(10 if arguments.quick else 100, seconds)
    if arguments.only in (None, "callers"):
        figures += callers.measure(500 if arguments.quick else 4_000)
    if arguments.only in (None, "flood"):
        figures += flood.measure(10_000, 3)
    if arguments.only in (None, "hostile"):
        figures += hostile.measure()
    if arguments.only in (None, "console"):
        figures += console.measure(count)
    settings = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "objects": count,
        "images": images,
        "seconds per run": seconds,
    }
    path = report.write(settings, figures)
    print(path.read_text())
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
