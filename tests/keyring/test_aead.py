"""Secrets at rest: what is sealed opens for its owner only, under a known key only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError, Owner
from imageyard.keyring.aead import AeadKeyring, key_id_of
from imageyard.keyring.keys import Keys

KEYS = {"k1": b"1." * 16, "k2": b"2." * 16}
OWNER = Owner("RegistrySecret", "default", "harbor", "uid-1", "password")


@given(st.text())
def test_what_was_sealed_opens_again(value: str) -> None:
    ring = AeadKeyring(KEYS, "k1")
    assert ring.open(OWNER, ring.seal(OWNER, Secret(value))).reveal() == value


@pytest.mark.parametrize("field", Owner._fields)
def test_a_value_moved_to_another_owner_does_not_open(field: str) -> None:
    ring = AeadKeyring(KEYS, "k1")
    sealed = ring.seal(OWNER, Secret("canary"))
    with pytest.raises(KeyringError, match="another object"):
        ring.open(OWNER._replace(**{field: "other"}), sealed)


@given(st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_is_noticed(position: int, flip: int) -> None:
    ring = AeadKeyring(KEYS, "k1")
    sealed = bytearray(ring.seal(OWNER, Secret("canary")))
    sealed[position % len(sealed)] ^= flip
    with pytest.raises(KeyringError):
        ring.open(OWNER, bytes(sealed))


@given(st.binary(max_size=80))
def test_bytes_that_were_never_sealed_are_refused(noise: bytes) -> None:
    with pytest.raises(KeyringError):
        AeadKeyring(KEYS, "k1").open(OWNER, noise)


def test_the_same_value_never_seals_to_the_same_bytes() -> None:
    ring = AeadKeyring(KEYS, "k1")
    assert ring.seal(OWNER, Secret("x")) != ring.seal(OWNER, Secret("x"))


def test_an_unknown_key_is_refused_by_its_id() -> None:
    sealed = AeadKeyring(KEYS, "k2").seal(OWNER, Secret("x"))
    with pytest.raises(KeyringError) as caught:
        AeadKeyring({"k1": KEYS["k1"]}, "k1").open(OWNER, sealed)
    assert caught.value.key_id == "k2"


def test_after_a_new_key_old_values_open_and_are_seen_as_old() -> None:
    ring = AeadKeyring(KEYS, "k1")
    old = ring.seal(OWNER, Secret("x"))
    ring.adopt(Keys("k3", {**KEYS, "k3": b"3." * 16}))
    assert (ring.open(OWNER, old).reveal(), ring.is_current(old), key_id_of(ring.seal(OWNER, Secret("x")))) == (
        "x",
        False,
        "k3",
    )


def test_another_key_under_a_known_id_is_not_taken_up() -> None:
    ring = AeadKeyring(KEYS, "k1")
    with pytest.raises(KeyringError, match="'k2' is another one than before"):
        ring.adopt(Keys("k2", {"k2": b"xy" * 16}))
    assert ring.current == "k1"


def test_a_failure_shows_nothing_of_the_value() -> None:
    ring = AeadKeyring(KEYS, "k1")
    with pytest.raises(KeyringError) as caught:
        ring.open(OWNER._replace(uid="2"), ring.seal(OWNER, Secret("canary")))
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None


def test_a_keyring_tells_that_it_works() -> None:
    assert AeadKeyring({"one": bytes(range(32))}, "one").works
