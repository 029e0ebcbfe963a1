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
