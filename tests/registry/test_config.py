"""What a config tells, and what of it is kept: names, never values."""

import json
import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.reasons import Reason
from imageyard.registry import RegistryError, config


def parse(document: object) -> config.Config:
    return config.parse(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("recorded", "shown"),
    [
        ("/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /"),
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("RUN a\n  b\x1b[31m", "RUN a   b [31m"),
        ("ENV PASSWORD=swordfish", "ENV PASSWORD=…"),
        ("/bin/sh -c #(nop)  ENV PASSWORD=swordfish", "ENV PASSWORD=…"),
        ("ENV A=swordfish B=sword fish", "ENV A=… B=…"),
        ("ENV A swordfish", "ENV A=…"),
        ("ENV A swordfish B=swordfish", "ENV A=…"),
        ("env A=swordfish", "ENV A=…"),
        ("ENV\tA=swordfish", "ENV A=…"),
        ("ARG TOKEN=swordfish", "ARG TOKEN=…"),
        ("ARG TOKEN", "ARG TOKEN"),
        ("|1 TOKEN=swordfish /bin/sh -c npm ci", "RUN npm ci"),
        ("RUN |2 TOKEN=swordfish B=sword fish /bin/sh -c npm ci # buildkit", "RUN npm ci"),
        ("|1 TOKEN=swordfish /bin/bash -o pipefail -c make", "RUN make"),
        ("|1 TOKEN=swordfish npm ci", "RUN …"),
        ("bazel build ...", "bazel build ..."),
        ("", ""),
    ],
)
def test_an_instruction_is_shown_without_values(recorded: str, shown: str) -> None:
    assert config.instruction(recorded) == shown
    assert "fish" not in config.instruction(recorded)


@given(
    st.text(max_size=80)
    | st.text(alphabet="ENVARGRU |1=/binsh-c#( )nop\n", max_size=60)
    | st.lists(st.sampled_from(["ENV", "ARG", "RUN", "|1", "A=1", "/bin/sh", "-c", "#(nop)", "# buildkit", "x"])).map(
        " ".join
    )
)
def test_reading_an_instruction_again_changes_nothing_and_it_can_be_stored(text: str) -> None:
    once = config.instruction(text)

    assert config.instruction(once) == once
    assert msgspec.json.decode(msgspec.json.encode(once)) == once


def test_only_known_fields_are_kept_and_variables_lose_their_values() -> None:
    read = parse(
        {
            "os": "linux",
            "architecture": "amd64",
            "config": {
                "Env": ["A=swordfish", "B", 7, "=x"],
                "env": ["C=swordfish"],
                "Cmd": ["run"],
                "OnBuild": ["ENV D=swordfish"],
            },
            "container_config": {"Env": ["E=swordfish"]},
            "moby.buildkit.buildinfo.v1": "swordfish",
            "history": [{"created_by": "ENV A=swordfish", "empty_layer": True, "extra": "swordfish"}, 7],
            "rootfs": {"type": "layers", "diff_ids": []},
        }
    )

    assert b"swordfish" not in read.body
    kept = json.loads(read.body)
    assert kept["config"] == {"Cmd": ["run"], "Env": ["A", "B"], "OnBuild": ["ENV D=…"]}
    assert kept["history"] == [{"empty_layer": True, "created_by": "ENV A=…"}]
    assert config.parse(read.body) == read


@pytest.mark.parametrize(
    ("history", "layers", "expected"),
    [
        ([{"created_by": "a"}, {"created_by": "x", "empty_layer": True}, {"created_by": "b"}], 2, ("a", "b")),
        ([{"created_by": "a"}], 2, ("", "")),
        ([{"created_by": "a"}, {}], 2, ("a", "")),
        ([{"created_by": 7}], 1, ("",)),
        (None, 2, ("", "")),
        ("no list", 1, ("",)),
        ([], 0, ()),
    ],
)
def test_instructions_are_matched_to_layers(history: object, layers: int, expected: tuple[str, ...]) -> None:
    read = parse({"history": history})

    assert config.instructions(read, layers) == expected


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"os": None, "architecture": None, "created": None, "config": None, "history": None},
        {"os": "", "architecture": ""},
        {"os": ["linux"], "architecture": {}},
        {"config": {"Env": None, "OnBuild": None}},
    ],
)
def test_absent_and_odd_fields_are_tolerated(document: dict[str, Any]) -> None:
    read = parse(document)

    assert (read.platform, read.created) == (None, None)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"a":1,"a":2}', b'"x"'])
def test_what_is_no_config_is_invalid(body: bytes) -> None:
    with pytest.raises(RegistryError) as raised:
        config.parse(body)

    assert raised.value.reason is Reason.ManifestInvalid


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "os": _json,
            "created": _json,
            "config": st.fixed_dictionaries({}, optional={"Env": _json, "OnBuild": _json, "Labels": _json}) | _json,
            "history": st.lists(st.fixed_dictionaries({}, optional={"created_by": _json, "empty_layer": _json}))
            | _json,
        },
    )
)
def test_a_config_made_again_reads_the_same(document: dict[str, Any]) -> None:
    read = parse(document)

    assert config.parse(read.body) == read


@pytest.mark.parametrize(
    "recorded",
    [
        "|1 " + "powershell" * 6500,
        "|1 " + "|1 /bin/sh a a a a a a a " * 2700,
        "x" + " " * 65_000 + "y",
        "COPY . ." + " # buildkit" * 6000 + "y",
        "/bin/sh -c #(nop) " * 3600,
    ],
    ids=["powershell", "shells", "spaces", "buildkit", "nop"],
)
def test_a_hostile_history_is_read_in_no_time(recorded: str) -> None:
    body = json.dumps({"history": [{"created_by": recorded}] * 50}).encode()
    began = time.process_time()
    config.parse(body)
    assert time.process_time() - began < 1.0


def test_instructions_beyond_what_a_config_may_have_are_unknown_and_stay_so() -> None:
    entries = [{"created_by": f"RUN step {number} {'x' * 4000}"} for number in range(100)]
    read = parse({"history": entries})
    shown = config.instructions(read, 100)
    assert shown[0].startswith("RUN step 0")
    assert shown[-1] == ""
    assert config.instructions(config.parse(read.body), 100) == shown


def test_a_history_longer_than_any_builder_makes_is_taken_as_none() -> None:
    assert parse({"history": [{"created_by": "RUN x"}] * 2001}).instructions == ()


@pytest.mark.parametrize("recorded", ["|1 A=b powershell -Command ls", "|1 A=b cmd /S /C ls", "|1 A=b /bin/ash -ec ls"])
def test_a_command_is_found_behind_whichever_shell(recorded: str) -> None:
    assert config.instruction(recorded) == "RUN ls"
