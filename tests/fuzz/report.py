"""What libFuzzer tells of a run, as one line for people. Pure."""

import re
from typing import Final, NamedTuple

_PULSE: Final = re.compile(r"^#(\d+)\t\w+ .*?cov: (\d+).*? rss: (\d+)Mb", re.MULTILINE)
_STATISTIC: Final = re.compile(r"^stat::(\w+):\s+(\d+)", re.MULTILINE)
_FOUND: Final = re.compile(r"Test unit written to (\S+)")
FLAT: Final = 64
"""Megabytes of growth after the first tenth of a run; more is a leak: libFuzzer keeps its corpus in memory."""


class Run(NamedTuple):
    """Megabytes `settled` after the first tenth of the inputs, and at most."""

    executions: int
    rate: int
    """Executions a second."""
    coverage: int
    settled: int
    peak: int
    found: str
    """The file with the input that failed, "" when none did."""

    @property
    def is_flat(self) -> bool:
        return self.peak - self.settled <= FLAT

    def __str__(self) -> str:
        memory = f"{self.settled} -> {self.peak} MB" + ("" if self.is_flat else " GROWS")
        return f"{self.executions:>11,} {self.rate:>8,}/s {self.coverage:>7,} {memory:>16}  {self.found or 'ok'}"


HEADING: Final = f"{'executions':>11} {'rate':>10} {'edges':>7} {'memory':>16}"


def read(output: str, code: int) -> Run:
    """Read the output of a run that ended with `code`."""
    pulses = [(int(count), int(edges), int(rss)) for count, edges, rss in _PULSE.findall(output)]
    told = {name: int(value) for name, value in _STATISTIC.findall(output)}
    executions = told.get("number_of_executed_units", pulses[-1][0] if pulses else 0)
    settled = next((rss for count, _, rss in pulses if count * 10 >= executions), 0)
    peak = max((told.get("peak_rss_mb", 0), *(rss for *_, rss in pulses)))
    found = _FOUND.search(output)
    named = found[1] if found else f"exit code {code}" if code else ""
    rate = told.get("average_exec_per_sec", 0)
    return Run(executions, rate, max((edges for _, edges, _ in pulses), default=0), settled, peak, named)
