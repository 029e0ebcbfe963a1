"""What a run leaves: the three files, the shape of the JSON, the comparison with an earlier run."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from bench.compare import Difference, NoReport
from bench.figure import Figure
from bench.parts import Part
from bench.profile import Profile
from bench.report import Report
from bench.world import Worlds

from bench import __main__, compare, parts, report
from tests.bench.conftest import TINY

RATE = Figure("get one", 600, 1_000, "requests/s", 0.5, "TLS | both")
LATE = Figure.within("late", 12, 10, "s", "seen by the registry")
SVG = "{http://www.w3.org/2000/svg}"


def written(folder: Path, *measured: Part, earlier: dict[str, float] | None = None) -> Path:
    figures = [figure for part in measured for figure in part.figures]
    differences = compare.with_earlier(figures, earlier, whole=True) if earlier is not None else []
    return report.write(Report({"cpus": 2}, measured, differences, "old.json" if differences else ""), folder)


def test_the_json_has_settings_and_figures_and_nothing_else(tmp_path: Path) -> None:
    written(tmp_path, Part("get", (RATE,), 2.04), Part("idle", (LATE,), 3))
    assert json.loads((tmp_path / "report.json").read_text()) == {
        "settings": {"cpus": 2, "seconds by part": {"get": 2.0, "idle": 3}, "not measured": {}},
        "figures": [
            {
                "figure": "get one",
                "value": 600,
                "unit": "requests/s",
                "ceiling": 1000,
                "ratio": 0.6,
                "target": 0.5,
                "met": True,
                "better": "more",
                "remark": "TLS | both",
            },
            {
                "figure": "late",
                "value": 12,
                "unit": "s",
                "ceiling": 10,
                "ratio": 1.2,
                "target": 1.0,
                "met": False,
                "better": "less",
                "remark": "the ceiling is a bound; seen by the registry",
            },
        ],
    }


def test_the_markdown_tells_what_was_missed_and_what_was_not_measured(tmp_path: Path) -> None:
    text = written(tmp_path, Part("idle", (LATE,), 3), Part("syncs", (), 1, "RuntimeError: no registry")).read_text()
    assert "0 of 1 targets are met." in text
    assert "- late: 120%, target ≤ 100%" in text
    assert "**syncs was not measured:** RuntimeError: no registry" in text
    assert "| late | 12 s | 10 (bound) | 120% | ≤ 100% | **no** | seen by the registry |" in text


def test_a_bar_in_a_remark_does_not_end_its_cell(tmp_path: Path) -> None:
    assert "TLS \\| both |" in written(tmp_path, Part("get", (RATE,), 2)).read_text()


def test_the_picture_has_a_bar_for_each_figure_grouped_by_part(tmp_path: Path) -> None:
    written(tmp_path, Part("get", (RATE,), 2), Part("idle", (LATE,), 3))
    picture = ElementTree.parse(tmp_path / "report.svg").getroot()
    bars = [each.get("class") for each in picture.iter(f"{SVG}rect") if each.get("class") != "ground"]
    headings = [each.text for each in picture.iter(f"{SVG}text") if each.get("class") == "part"]
    assert (bars, headings) == (["good", "bad"], ["get", "idle"])


@pytest.mark.parametrize(
    ("figure", "before", "worse"),
    [
        pytest.param(RATE, 0.65, False, id="a rate within the noise"),
        pytest.param(RATE, 0.80, True, id="a rate that fell"),
        pytest.param(RATE, 0.30, False, id="a rate that rose"),
        pytest.param(LATE, 0.90, False, id="a time beside a bound, within its noise"),
        pytest.param(LATE, 0.50, True, id="a time beside a bound that grew"),
        pytest.param(LATE, 2.40, False, id="a time that shrank"),
    ],
)
def test_only_what_is_worse_than_noise_is_flagged(figure: Figure, before: float, worse: bool) -> None:
    [found] = compare.with_earlier([figure], {figure.name: before}, whole=True)
    assert found.is_worse == worse


def test_the_comparison_shows_both_ratios_and_the_change(tmp_path: Path) -> None:
    text = written(tmp_path, Part("get", (RATE,), 2), earlier={"get one": 0.8, "gone": 1}).read_text()
    assert "| get one | 0.800 | 0.600 | -25 % | WORSE |" in text
    assert "| gone | 1.000 | - | - | not measured |" in text


def test_a_run_of_some_parts_does_not_miss_the_others() -> None:
    only = [Difference("get one", 0.8, 0.6, compare.NOISE, at_most=False)]
    assert compare.with_earlier([RATE], {"get one": 0.8, "gone": 1}, whole=False) == only


def test_an_earlier_report_is_read_as_it_was_written(tmp_path: Path) -> None:
    written(tmp_path, Part("get", (RATE,), 2), Part("idle", (LATE,), 3))
    assert compare.read(tmp_path / "report.json") == {"get one": 0.6, "late": 1.2}


def test_a_file_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(NoReport, match=r"other\.json is no report"):
        compare.read(tmp_path / "other.json")


def test_a_part_that_fails_keeps_what_it_had_measured(tmp_path: Path) -> None:
    def measure(profile: Profile, worlds: Worlds) -> Iterator[Figure]:
        yield RATE
        raise RuntimeError("the disk is full")

    part = parts.run("get", TINY, Worlds(None, tmp_path), measure)
    assert (part.figures, part.cause, part.passed) == ((RATE,), "RuntimeError: the disk is full", False)


def test_a_run_writes_its_report_and_says_whether_all_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One part runs for real; its target may be missed on a machine that others use."""
    monkeypatch.setattr(__main__, "QUICK", TINY)
    code = __main__.main(["--only", "callers", "--scratch", str(tmp_path), "--out", str(tmp_path)])
    document = json.loads((tmp_path / "report.json").read_text())
    assert code == (0 if all(row["met"] for row in document["figures"]) else 1)
    assert {"cpus", "cpu model", "memory", "python", "sqlite", "server", "load average before"} <= {
        *document["settings"]
    }
    assert "## callers" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--out", "--world", "--scratch", "--compare"])
def test_what_cannot_be_written_or_read_is_told_before_anything_is_measured(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(SystemExit):
        __main__.main(["--only", "callers", option, str(taken)])
    told = capsys.readouterr().err
    assert f"argument {option}: {taken} is no " in told
    assert "callers …" not in told
