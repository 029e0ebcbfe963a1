"""Keys on disk: made once, private, and never lost by a rotation."""

import stat
from pathlib import Path

import pytest

from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError, Owner, keyfile

OWNER = Owner("RegistrySecret", "default", "harbor", "uid-1", "password")


def test_the_first_start_makes_a_key_that_the_next_start_finds(tmp_path: Path) -> None:
    sealed = keyfile.load(tmp_path / "keys").seal(OWNER, Secret("x"))
    assert keyfile.load(tmp_path / "keys").open(OWNER, sealed).reveal() == "x"


def test_key_files_are_for_their_owner_only(tmp_path: Path) -> None:
    keyfile.load(tmp_path / "keys")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}


def test_a_retired_key_still_opens_old_values(tmp_path: Path) -> None:
    sealed = keyfile.load(tmp_path).seal(OWNER, Secret("x"))
    keyfile.generate(tmp_path)
    ring = keyfile.load(tmp_path)
    assert (ring.open(OWNER, sealed).reveal(), ring.is_current(sealed)) == ("x", False)


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    current = keyfile.load(tmp_path).current
    (tmp_path / f"{current}.key").write_text("not hex")
    with pytest.raises(KeyringError, match=current):
        keyfile.load(tmp_path)


def test_a_missing_current_file_is_not_papered_over(tmp_path: Path) -> None:
    keyfile.load(tmp_path)
    (tmp_path / "current").unlink()
    with pytest.raises(KeyringError, match="current"):
        keyfile.load(tmp_path)


def test_exported_keys_open_old_values_on_a_new_machine(tmp_path: Path) -> None:
    sealed = keyfile.load(tmp_path / "old").seal(OWNER, Secret("x"))
    exported = keyfile.export(tmp_path / "old")
    keyfile.load(tmp_path / "new")
    count = keyfile.take_in(tmp_path / "new", exported)
    assert (count, keyfile.load(tmp_path / "new").open(OWNER, sealed).reveal()) == (1, "x")


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"{}",
        b"[]",
        b'{"current":"a","keys":{"a":"zz"}}',
        b'{"current":"../x","keys":{"../x":"' + b"00" * 32 + b'"}}',
    ],
)
def test_a_file_that_is_no_export_changes_nothing(tmp_path: Path, file: bytes) -> None:
    with pytest.raises(KeyringError):
        keyfile.take_in(tmp_path / "keys", file)
    assert not list(tmp_path.rglob("*.key"))
