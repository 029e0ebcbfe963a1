"""`python -m tests.fuzz [--seconds 300] [--only NAME]`: every target in turn, with coverage guidance where there is
atheris. Ends with 1 when an input was found that does what nobody foresees.

Inputs that reach new lines are kept in `.fuzz/NAME`, and the next run begins with them.
"""

import argparse
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import hypothesis

from tests.fuzz import inputs, report
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

KEPT: Final = Path(".fuzz")
MEGABYTES: Final = 1024
SECONDS_OF_ONE: Final = 10
"""An input that takes longer is a finding: instrumented, and on a busy machine."""
LONGEST: Final = 65_536
"""Bytes of an input that is made; how longer ones fare is asked in `test_targets`."""
ELSEWHERE: Final = (
    "atheris is not installed (it is made for CPython 3.11 to 3.13 on x86-64 Linux): hypothesis makes the inputs, "
    "without learning from the lines they reach"
)


def main() -> int:
    asked = _arguments()
    chosen = [TARGETS[name] for name in asked.only or TARGETS]
    has_atheris = importlib.util.find_spec("atheris") is not None
    _say(f"{'target':<18} {report.HEADING}" if has_atheris else ELSEWHERE)
    failed = [target.name for target in chosen if not (guided if has_atheris else by_chance)(target, asked.seconds)]
    if failed:
        _say(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz every reader of hostile input.")
    parser.add_argument("--seconds", type=int, default=300, help="for each target (default: 300)")
    parser.add_argument("--only", action="append", choices=sorted(TARGETS), help="this target; may be repeated")
    return parser.parse_args()


def guided(target: Target, seconds: int) -> bool:
    """Fuzz one target, and tell whether it did nothing but what is foreseen."""
    corpus = KEPT / target.name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = (
        f"-max_total_time={seconds}",
        f"-timeout={SECONDS_OF_ONE}",
        f"-rss_limit_mb={MEGABYTES}",
        f"-max_len={min(target.longest, LONGEST)}",
        f"-artifact_prefix={KEPT}/{target.name}-",
        "-print_final_stats=1",
    )
    command = (sys.executable, "-m", "tests.fuzz.guided", target.name, *options, str(corpus))
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    told = report.read(ran.stdout, ran.returncode)
    _say(f"{target.name:<18} {told}")
    if told.found:
        _say(ran.stdout[-4_000:])
    return not told.found and told.is_flat


def by_chance(target: Target, seconds: int) -> bool:
    """The same without guidance, in this process."""
    until, tried = time.monotonic() + seconds, 0

    @hypothesis.settings(max_examples=500, deadline=None, database=None)
    @hypothesis.given(inputs.of(target))
    def take(data: bytes) -> None:
        nonlocal tried
        tried += 1
        target.take(data)

    while time.monotonic() < until:
        try:
            hypothesis.seed(tried)(take)()
        except Exception as error:  # hypothesis has printed the input
            _say(f"{target.name:<18} {error!r}")
            return False
    _say(f"{target.name:<18} {tried:,} inputs, ok")
    return True


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
