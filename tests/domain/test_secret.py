"""A Secret shows itself to nobody who does not ask for it by name."""

import copy
import pickle
import traceback

import msgspec
import pytest

from imageyard.domain.secret import Secret

SECRET = Secret("hunter2")


def test_every_way_of_printing_gives_stars() -> None:
    shown = [str(SECRET), repr(SECRET), f"{SECRET}", f"{SECRET!r:>40}", repr([SECRET]), repr({"a": SECRET})]
    assert not [text for text in shown if "hunter2" in text]


def test_a_traceback_with_locals_gives_stars() -> None:
    try:
        password = SECRET
        raise ValueError(password)
    except ValueError as error:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert "hunter2" not in "".join(shown)


@pytest.mark.parametrize("encode", [msgspec.json.encode, pickle.dumps, copy.copy, copy.deepcopy, msgspec.to_builtins])
def test_encoding_or_copying_is_an_error(encode: object) -> None:
    assert callable(encode)
    with pytest.raises(TypeError) as refused:
        encode(SECRET)
    assert "hunter2" not in str(refused.value)


def test_it_has_no_attributes_to_dump() -> None:
    assert not hasattr(SECRET, "__dict__")


def test_equal_values_are_equal_secrets() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert not Secret("")
    assert len({Secret("a"), Secret("a")}) == 1
    assert SECRET.reveal() == "hunter2"
