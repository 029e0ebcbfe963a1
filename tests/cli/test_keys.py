"""`imageyard keys import`: what is refused, and how it is told."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imageyard.cli.main import _app
from imageyard.keyring.keyfile import KeyFiles
from imageyard.keyring.keys import Keys

ONE, TWO = bytes(range(32)), bytes(range(32, 64))


def take_in(directory: Path, file: Path) -> Result:
    return CliRunner().invoke(_app, ["keys", "import", str(file), "--data-dir", str(directory)])


def test_another_key_of_an_id_that_is_there_is_a_conflict_that_names_it(directory: Path, tmp_path: Path) -> None:
    KeyFiles(directory / "keys").take_in(Keys("one", {"one": ONE}).document())
    (tmp_path / "export.json").write_bytes(Keys("one", {"one": TWO, "two": TWO}).document())
    done = take_in(directory, tmp_path / "export.json")
    assert done.exit_code == 7
    assert 'something else than the key "one" of the export, so no key was taken in' in done.stderr
    assert KeyFiles(directory / "keys").load() == Keys("one", {"one": ONE})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{}", "it is no document of keys"),
        (b"\xff", "it is no document of keys"),
        (b" " * 70_000, "it is longer than 65536 bytes"),
        (Keys("a", {"a": ONE}).document().replace(ONE.hex().encode(), b"00" * 32), "key 'a' is one byte over and over"),
    ],
)
def test_what_is_no_export_is_told_with_the_file(directory: Path, tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "export.json"
    file.write_bytes(content)
    done = take_in(directory, file)
    assert done.exit_code == 3
    assert done.stderr.startswith(f"imageyard: {file}: {told}")
    assert not list(directory.rglob("*.key"))


def test_a_file_that_cannot_be_read_is_named(directory: Path, tmp_path: Path) -> None:
    for file in (tmp_path / "none.json", tmp_path):
        done = take_in(directory, file)
        assert done.exit_code == 3
        assert str(file) in done.stderr
