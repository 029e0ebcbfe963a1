"""Keys on disk: made once, private, and never lost by a rotation."""

import stat
from pathlib import Path

import pytest

from imageyard.domain.errors import Conflict
from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError, Owner
from imageyard.keyring.aead import AeadKeyring
from imageyard.keyring.keyfile import KeyFiles
from imageyard.keyring.keys import Keys, NoKeys

OWNER = Owner("RegistrySecret", "default", "harbor", "uid-1", "password")


def ring(directory: Path) -> AeadKeyring:
    return AeadKeyring.of(KeyFiles(directory).load())


def test_a_key_that_was_made_is_found_by_the_next_start(tmp_path: Path) -> None:
    with pytest.raises(NoKeys):
        KeyFiles(tmp_path / "keys").load()
    sealed = AeadKeyring.of(KeyFiles(tmp_path / "keys").renewed()).seal(OWNER, Secret("x"))
    assert ring(tmp_path / "keys").open(OWNER, sealed).reveal() == "x"


def test_key_files_are_for_their_owner_only(tmp_path: Path) -> None:
    KeyFiles(tmp_path / "keys").renewed()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()}
    assert modes == {0o600}


def test_a_retired_key_opens_old_values_until_it_is_dropped(tmp_path: Path) -> None:
    old = KeyFiles(tmp_path).renewed()
    sealed = AeadKeyring.of(old).seal(OWNER, Secret("x"))
    KeyFiles(tmp_path).renewed()
    assert (ring(tmp_path).open(OWNER, sealed).reveal(), ring(tmp_path).is_current(sealed)) == ("x", False)
    assert KeyFiles(tmp_path).drop(old.current)
    with pytest.raises(KeyringError, match=old.current):
        ring(tmp_path).open(OWNER, sealed)


def test_a_damaged_key_is_named(tmp_path: Path) -> None:
    current = KeyFiles(tmp_path).renewed().current
    (tmp_path / f"{current}.key").write_text("not hex")
    with pytest.raises(KeyringError, match=current):
        KeyFiles(tmp_path).load()


def test_a_missing_current_file_is_not_papered_over(tmp_path: Path) -> None:
    KeyFiles(tmp_path).renewed()
    (tmp_path / "current").unlink()
    with pytest.raises(KeyringError, match="current"):
        KeyFiles(tmp_path).load()


def test_exported_keys_open_old_values_on_a_new_machine(tmp_path: Path) -> None:
    old = KeyFiles(tmp_path / "old").renewed()
    sealed = AeadKeyring.of(old).seal(OWNER, Secret("x"))
    KeyFiles(tmp_path / "new").renewed()
    count = KeyFiles(tmp_path / "new").take_in(old.document())
    assert (count, ring(tmp_path / "new").open(OWNER, sealed).reveal()) == (1, "x")


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"{}",
        b"[]",
        b'{"current":"a","keys":{"a":"zz"}}',
        b'{"current":"a","keys":{"a":"' + b"00" * 32 + b'"}}',
        b'{"current":"../x","keys":{"../x":"' + b"00" * 32 + b'"}}',
    ],
)
def test_a_file_that_is_no_export_changes_nothing(tmp_path: Path, file: bytes) -> None:
    with pytest.raises(KeyringError):
        KeyFiles(tmp_path / "keys").take_in(file)
    assert not list(tmp_path.rglob("*.key"))


@pytest.mark.parametrize("held", [bytes(range(1, 33)).hex(), "damaged", ""])
def test_a_key_that_is_there_is_never_overwritten_by_another_of_its_id(tmp_path: Path, held: str) -> None:
    (tmp_path / "m.key").write_text(held)
    exported = Keys("a", {"a": bytes(range(2, 34)), "m": bytes(range(32)), "z": bytes(range(3, 35))})
    with pytest.raises(Conflict, match='the key "m"'):
        KeyFiles(tmp_path).take_in(exported.document())
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"m.key": held}


def test_an_export_may_be_taken_in_twice(tmp_path: Path) -> None:
    exported = KeyFiles(tmp_path).renewed().document()
    assert KeyFiles(tmp_path).take_in(exported) == 1
    assert KeyFiles(tmp_path).load().document() == exported


def test_a_key_file_of_one_byte_over_and_over_is_no_key(tmp_path: Path) -> None:
    current = KeyFiles(tmp_path).renewed().current
    (tmp_path / f"{current}.key").write_text("00" * 32)
    with pytest.raises(KeyringError, match=f"'{current}' is one byte over and over"):
        KeyFiles(tmp_path).load()
