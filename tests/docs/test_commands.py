"""The page about the command line knows every command and every option."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from imageyard.cli.exits import Exit
from imageyard.cli.main import _app
from tests.docs import pages


def commands(command: Any, path: str = "imageyard") -> Iterator[tuple[str, list[str]]]:
    """(command, its long options) of every command that does something."""
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")
    else:
        yield path, [option for each in command.params for option in each.opts if option.startswith("--")]


ALL = list(commands(typer.main.get_command(_app)))


@pytest.mark.parametrize("language", [pages.EN, pages.ZH], ids=["en", "zh"])
def test_every_command_and_option_is_described(language: Path) -> None:
    text = (language / "cli.md").read_text(encoding="utf-8")
    assert ALL
    for command, options in ALL:
        assert command in text
        for option in options:
            assert f"`{option}" in text, f"cli.md does not tell about {command} {option}"


@pytest.mark.parametrize("language", [pages.EN, pages.ZH], ids=["en", "zh"])
def test_every_exit_code_is_described(language: Path) -> None:
    text = (language / "cli.md").read_text(encoding="utf-8")
    for code in Exit:
        assert f"| {code.value} |" in text
