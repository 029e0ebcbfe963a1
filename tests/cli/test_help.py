"""`--help` tells all there is to tell."""

from typer.testing import CliRunner

from imageyard import settings
from imageyard.cli.main import _app


def test_help_of_serve_tells_each_setting_it_takes_and_its_default() -> None:
    """Whole: square brackets are markup to what prints the help, and would be gone."""
    printed = CliRunner().invoke(_app, ["serve", "--help"], env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"}).stdout
    lines = [line.strip("│ ") for line in printed.splitlines() if line.startswith("│ --")]
    for name, _, default, about in settings.describe():
        for line in lines:
            if line.startswith(f"--{name.replace('_', '-')} "):
                assert about in line
                assert default in ("", "false") or f"(default: {default.strip('()')})" in line
    assert len(lines) == 20
