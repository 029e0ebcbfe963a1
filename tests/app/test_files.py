"""The data directory: private files, whole or not at all."""

import json
import stat
from pathlib import Path

from imageyard.app import files
from imageyard.app.files import DataDir, Ports


def test_the_admin_token_is_made_once_and_private(tmp_path: Path) -> None:
    directory = DataDir(tmp_path)
    token = files.admin_token(directory)
    assert files.admin_token(directory).reveal() == token.reveal()
    assert directory.admin_token.read_text() == token.reveal() + "\n"
    assert stat.S_IMODE(directory.admin_token.stat().st_mode) == 0o600


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
