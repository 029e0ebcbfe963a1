"""The data directory: private files, whole or not at all."""

import json
import stat
from pathlib import Path

import pytest

from imageyard.app import files
from imageyard.app.files import DataDir, Ports


def test_the_admin_token_is_made_once_and_private(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    token = files.admin_token(directory)
    assert files.admin_token(directory).reveal() == token.reveal()
    assert directory.admin_token.read_text() == token.reveal() + "\n"
    assert stat.S_IMODE(directory.admin_token.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["secret", "x" * 31, "a" * 20 + " " + "b" * 20, "two\nlines" * 9, "\u00e9" * 40, "\0" * 40]
)
def test_an_admin_token_that_is_guessed_or_carried_by_no_header_is_refused_with_the_fix(
    tmp_path: Path, text: str
) -> None:
    directory = DataDir(tmp_path)
    directory.admin_token.write_text(text)
    with pytest.raises(OSError, match="delete the file, and start again: a new one is made") as caught:
        files.admin_token(directory)
    assert str(directory.admin_token) in str(caught.value)
    assert text not in str(caught.value)
    assert directory.admin_token.read_text() == text


@pytest.mark.parametrize("text", ["x" * 32, "x" * 32 + "\n", " " + "Az09._~+/=-" * 4 + "\r\n"])
def test_an_admin_token_of_ones_own_counts_when_it_is_long_enough(tmp_path: Path, text: str) -> None:
    directory = DataDir(tmp_path)
    directory.admin_token.write_text(text)
    assert files.admin_token(directory).reveal() == text.strip()


def test_ports_are_told_while_the_server_runs_and_no_longer(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    with files.announced(directory, Ports(8080, 8443)):
        assert json.loads(directory.ports.read_text()) == {"http": 8080, "https": 8443}
        assert files.ports_in_use(directory) == Ports(8080, 8443)
    assert files.ports_in_use(directory) is None


def test_a_replaced_file_keeps_no_leftovers(tmp_path: Path) -> None:
    files.write_private(tmp_path / "x", b"1")
    files.write_private(tmp_path / "x", b"2")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("x", b"2")]


def test_a_damaged_announcement_is_none(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("{")
    assert files.ports_in_use(DataDir(tmp_path)) is None
