"""Where `backup` and `keys export` write: never over what a server keeps, whatever --force says."""

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imageyard.cli.main import _app
from imageyard.keyring.keyfile import KeyFiles


@pytest.fixture
def data(directory: Path) -> Path:
    """A data directory with what a server makes."""
    KeyFiles(directory / "keys").renewed()
    for name in ("admin-token", "kubeconfig", "ports.json", "config.toml", "tls/ca.key", "audit/audit.jsonl"):
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text("")
    return directory


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somewhere else."""
    return tmp_path_factory.mktemp("place")


def run(data: Path, command: str, file: Path) -> Result:
    return CliRunner().invoke(_app, [*command.split(), str(file), "--force", "--data-dir", str(data)])


def contents(data: Path) -> dict[str, bytes]:
    files = (path for path in data.rglob("*") if path.is_file() and path.name != "audit.jsonl")
    return {str(path): path.read_bytes() for path in files}


def assert_refused(data: Path, file: Path, told: Path) -> None:
    before = contents(data)
    for command in ("backup", "keys export"):
        done = run(data, command, file)
        assert (done.exit_code, done.stdout) == (2, "")
        said = f"{file} lies in the data directory {told}, of which nothing is replaced; name a file elsewhere"
        assert done.stderr == f"imageyard: {said}\n"
    assert contents(data) == before


@pytest.mark.parametrize(
    "name",
    [
        "imageyard.db",
        "imageyard.db-wal",
        "lock",
        "admin-token",
        "kubeconfig",
        "ports.json",
        "config.toml",
        "sample.json",
        "keys/current",
        "keys/new.key",
        "tls/ca.key",
        "audit/audit.jsonl",
        "keys/../imageyard.db",
    ],
)
def test_what_a_server_keeps_is_not_replaced_by_force(data: Path, name: str) -> None:
    assert_refused(data, data / name, data)


def test_links_do_not_hide_what_a_server_keeps(data: Path, place: Path) -> None:
    (place / "file").symlink_to(data / "imageyard.db")
    (place / "data").symlink_to(data)
    (data / "outward").symlink_to(place / "elsewhere")
    os.link(data / "admin-token", place / "hard")
    for file in (place / "file", place / "data" / "admin-token", place / "data" / "keys" / "current"):
        assert_refused(data, file, data)
    assert_refused(data, data / "outward", data)
    assert_refused(data, place / "hard", data)


def test_a_link_that_leads_in_a_circle_is_told(data: Path, place: Path) -> None:
    (place / "circle").symlink_to(place / "circle")
    assert run(data, "backup", place / "circle").exit_code == 3


def test_another_servers_data_directory_is_as_safe(data: Path, place: Path) -> None:
    (place / "imageyard.db").write_text("another's")
    (place / "lock").touch()
    for command in ("backup", "keys export"):
        done = run(data, command, place / "imageyard.db")
        assert done.exit_code == 2
        assert f"in the data directory {place}" in done.stderr
    assert (place / "imageyard.db").read_text() == "another's"


def test_elsewhere_force_replaces_what_is_there(data: Path, place: Path) -> None:
    for name in ("imageyard.db", "admin-token"):
        (place / name).write_text("old")
        assert [run(data, command, place / name).exit_code for command in ("backup", "keys export")] == [0, 0]
        assert b'"current"' in (place / name).read_bytes()


def test_a_new_file_may_lie_in_the_data_directory(data: Path) -> None:
    """Where that is the only volume there is; a second time takes another name."""
    assert run(data, "backup", data / "monday.db").exit_code == 0
    assert_refused(data, data / "monday.db", data)
