"""Each part of `make bench` runs end to end. How fast anything is, no test says."""

import math

import pytest
from bench.parts import PARTS
from bench.world import Worlds

from bench import parts
from tests.bench.conftest import TINY

WRK = [pytest.mark.needs("wrk")]
NEEDS = dict.fromkeys(("get", "lists", "creates", "start", "flood"), WRK)
NEEDS["syncs"] = [pytest.mark.needs("docker-registry"), pytest.mark.needs("htpasswd")]
ROWS = [pytest.param(name, marks=NEEDS.get(name, ()), id=name) for name in PARTS]


@pytest.mark.parametrize("name", ROWS)
def test_a_part_yields_figures_that_are_numbers(name: str, worlds: Worlds) -> None:
    part = parts.run(name, TINY, worlds)
    assert part.cause == ""
    assert part.figures
    assert len({figure.name for figure in part.figures}) == len(part.figures)
    for figure in part.figures:
        assert math.isfinite(figure.value), figure
        assert figure.value >= 0, figure
        assert figure.ceiling > 0, figure
        assert math.isfinite(figure.ratio), figure
