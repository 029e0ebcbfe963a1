"""Keys from the environment and from a command: whatever is delivered, it is keys or a sentence that shows none."""

import base64
import json
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.secret import Secret
from imageyard.keyring import KeyringError
from imageyard.keyring.command import CommandKeys
from imageyard.keyring.environment import EnvironmentKeys
from imageyard.keyring.keys import Keys

ONE, TWO = bytes(range(32)), bytes(range(32, 64))
DOCUMENT = Keys("new", {"old": ONE, "new": TWO}).document().decode()


def environment(text: str) -> EnvironmentKeys:
    return EnvironmentKeys("IMAGEYARD_KEYS", Secret(text))


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("text", "current", "ids"),
    [
        (f"a:{ONE.hex()}", "a", {"a"}),
        (f"b:{TWO.hex().upper()},a:{ONE.hex()}", "b", {"a", "b"}),
        (
            f"b:{base64.b64encode(TWO).decode()}\n a:{base64.urlsafe_b64encode(ONE).decode().rstrip('=')}\n",
            "b",
            {"a", "b"},
        ),
        (DOCUMENT, "new", {"old", "new"}),
    ],
    ids=["one", "first is current", "base64 on lines", "the document"],
)
def test_the_environment_carries_keys_in_several_forms(text: str, current: str, ids: set[str]) -> None:
    keys = environment(text).load()
    assert (keys.current, set(keys.by_id)) == (current, ids)
    assert set(keys.by_id.values()) <= {ONE, TWO}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty or not set"),
        (ONE.hex(), "entry 1 is not id:key"),
        (f"a:{ONE.hex()},b:{TWO.hex()[:-2]}", "key 'b' is not 32 bytes long"),
        (f"a:{ONE.hex()[:-1]}!", "the key of entry 1 is neither hex nor base64"),
        (f"a:{ONE.hex()},a:{TWO.hex()}", "entry 2 has the id of one before it"),
        (f"{ONE.hex()}:a", "the key of entry 1 is"),
        (f"{ONE.hex()}:{TWO.hex()}", "the id of a key is up to 32 characters"),
        (f"a:{'00' * 32}", "key 'a' is one byte over and over"),
        (f'{{"current": "a", "keys": {{"a": "{ONE.hex()}", "a": "{TWO.hex()}"}}}}', "has one name twice ('a')"),
        (f'{{"current": "a", "keys": {{"{ONE.hex()}": 1, "{ONE.hex()}": 2}}}}', "has one name twice"),
        ('{"current": "a"}', "it is no document of keys"),
    ],
)
def test_what_is_no_key_is_told_without_being_shown(text: str, said: str) -> None:
    with pytest.raises(KeyringError) as caught:
        environment(text).load()
    assert str(caught.value).startswith("IMAGEYARD_KEYS")
    assert said in str(caught.value)
    assert not any(key.hex()[:12] in repr(caught.value) for key in (ONE, TWO))


@given(st.text() | st.text(alphabet="ab:,{}\"' 0123456789=", max_size=200))
def test_whatever_the_variable_holds_it_is_keys_or_a_refusal(text: str) -> None:
    with suppress(KeyringError):
        keys = environment(text).load()
        assert keys.current in keys.by_id


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_document_is_keys_or_a_refusal(value: object) -> None:
    for document in (value, {"current": "a", "keys": value}, {"current": value, "keys": {"a": value}}):
        with pytest.raises(KeyringError):
            Keys.parse(json.dumps(document))


def test_keys_show_their_ids_only() -> None:
    keys = Keys("a", {"a": ONE})
    assert ONE.hex() not in repr(keys)
    assert repr(ONE) not in f"{keys} {keys!r}"
    assert Keys.parse(keys.document()) == keys


def test_a_command_delivers_the_document_of_an_export(tmp_path: Path) -> None:
    (tmp_path / "my keys.json").write_text(DOCUMENT)
    keys = CommandKeys(f"cat '{tmp_path / 'my keys.json'}'").load()
    assert (keys.current, keys.by_id) == ("new", {"old": ONE, "new": TWO})


def test_a_command_is_asked_anew_each_time(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(DOCUMENT)
    source = CommandKeys(f"cat {tmp_path / 'keys.json'}")
    assert source.load().current == "new"
    (tmp_path / "keys.json").write_bytes(Keys("newer", {"newer": ONE}).document())
    assert source.renewed().current == "newer"


def test_a_command_that_delivers_one_id_twice_is_refused(tmp_path: Path) -> None:
    """Whichever of the two is meant, values under the other would never open again."""
    (tmp_path / "keys.json").write_text(f'{{"current": "a", "keys": {{"a": "{ONE.hex()}", "a": "{TWO.hex()}"}}}}')
    with pytest.raises(KeyringError, match=r"has one name twice \('a'\)"):
        CommandKeys(f"cat {tmp_path / 'keys.json'}").load()


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    with pytest.raises(KeyringError):
        CommandKeys(f"echo {{}} ; touch {tmp_path / 'made'} $(touch {tmp_path / 'made'})").load()
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("/nowhere/at-all", r"\(/nowhere/at-all\): it cannot be run \(No such file or directory\)"),
        (python("import sys; sys.stderr.write('c4n4ry'); sys.exit(3)"), "it ended with 3; run it by hand"),
        (python("print('c4n4ry')"), "no document of keys"),
        (python("print('c4n4ry' * 100000)"), "more than 65536 bytes"),
        (python("import time; print('{', flush=True); time.sleep(60)"), "takes longer than 0.5 s"),
        (python("import os, time; os.close(1); time.sleep(60)"), "takes longer than 0.5 s"),
        (python("while True: print('c4n4ry' * 100)"), "more than 65536 bytes"),
    ],
    ids=["absent", "fails", "no document", "too much", "hangs", "hangs silently", "never ends"],
)
def test_a_command_that_goes_wrong_is_told_without_what_it_said(
    command: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    with pytest.raises(KeyringError, match=said) as caught:
        CommandKeys(command, seconds=10 if "0.5" not in said else 0.5).load()
    assert time.monotonic() - began < 10
    assert "c4n4ry" not in repr(caught.value)
    assert capfd.readouterr() == ("", "")
