"""Every reader of hostile input, for a moment: what it does not take it refuses in words that its caller foresees, and
in time that grows with the input."""

import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import __main__ as fuzz
from tests.fuzz import inputs, mutation, report
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

SECONDS: Final = 5.0
"""Of this process for one input of the largest size, on a slow machine too: a hang, not a figure."""

JSON: Final = {name: target for name, target in TARGETS.items() if target.seeds[0].startswith((b"{", b"["))}

each = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)


@each
def test_a_seed_at_least_is_taken_and_none_does_harm(target: Target) -> None:
    taken = [seed for seed in target.seeds if target.take(seed)]
    assert taken


@each
@settings(max_examples=200)
@given(data=st.data())
def test_any_input_is_taken_or_refused(target: Target, data: st.DataObject) -> None:
    target.take(data.draw(inputs.of(target)))


@pytest.mark.parametrize("target", JSON.values(), ids=JSON)
@settings(max_examples=100)
@given(number=st.integers(0, 2**32))
def test_a_document_with_anything_in_any_place_is_taken_or_refused(target: Target, number: int) -> None:
    chance = random.Random(number)
    document = mutation.mutated(chance.choice(target.seeds), chance)
    if document is not None:
        target.take(document)


@each
def test_long_inputs_take_no_disproportionate_time(target: Target) -> None:
    for data in inputs.stretched(target):
        begun = time.process_time()
        target.take(data)
        assert time.process_time() - begun < SECONDS, data[:40]


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is made for x86-64 Linux, up to 3.13")
def test_the_long_run_is_guided_and_ends_well(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tests.fuzz.guided", "duration", "-runs=2000", "-seed=1", "-print_final_stats=1")
    ran = subprocess.run((*command, str(tmp_path)), capture_output=True, text=True)
    told = report.read(ran.stdout + ran.stderr, ran.returncode)
    assert (told.found, told.executions >= 2000, told.coverage > 10, told.is_flat) == ("", True, True, True)


def test_without_guidance_a_fault_is_found_too(capsys: pytest.CaptureFixture[str]) -> None:
    def faulty(data: bytes) -> None:
        data.decode()

    target = Target("faulty", faulty, (b"text",), (RecursionError,))
    assert not fuzz.by_chance(target, 30)
    assert fuzz.by_chance(target._replace(refusals=(UnicodeDecodeError,)), 0)
    assert "UnicodeDecodeError" in capsys.readouterr().out


def test_what_a_run_found_and_memory_that_grows_are_told() -> None:
    output = (
        "#10\tINITED cov: 3 ft: 3 corp: 1/1b exec/s: 0 rss: 70Mb\n"
        "#1000\tpulse  cov: 12 ft: 20 corp: 4/9b lim: 11 exec/s: 500 rss: 300Mb\n"
        "artifact_prefix='.fuzz/x-'; Test unit written to .fuzz/x-crash-1\n"
        "stat::number_of_executed_units: 1000\n"
        "stat::average_exec_per_sec:     500\n"
        "stat::peak_rss_mb:              500\n"
    )
    told = report.read(output, 77)
    assert told == report.Run(1000, 500, 12, 300, 500, ".fuzz/x-crash-1")
    assert not told.is_flat
    assert report.read("no such module", 1).found == "exit code 1"
