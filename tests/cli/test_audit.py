"""What the command line does to the files itself is on record, by the user of this machine."""

import json
import os
import pwd
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from imageyard.cli.main import _app
from imageyard.domain.audit import DOOR


def run(directory: Path, *arguments: str, exits: int = 0) -> Result:
    done = CliRunner().invoke(_app, [*arguments, "--data-dir", str(directory)])
    assert done.exit_code == exits, done.output
    return done


def recorded(directory: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (directory / "audit" / "audit.jsonl").read_bytes().splitlines()]


def told(directory: Path) -> list[tuple[str, str, str, int]]:
    """Verb, resource, name and code of what has ended."""
    return [
        (
            each["verb"],
            "/".join(filter(None, (each["objectRef"]["resource"], each["objectRef"].get("subresource")))),
            each["objectRef"].get("name", ""),
            each["responseStatus"]["code"],
        )
        for each in recorded(directory)
        if each["stage"] == "ResponseComplete"
    ]


def test_what_is_done_without_a_server_is_recorded_before_and_after(directory: Path, tmp_path: Path) -> None:
    token = run(directory, "token", "create", "robot", "--user", "bot").stdout.strip()
    run(directory, "token", "create", "robot", "--user", "bot", exits=7)
    run(directory, "token", "revoke", "robot")
    run(directory, "token", "revoke", "robot", exits=5)
    key = run(directory, "keys", "rotate").stdout.split()[0].removeprefix("key/")
    run(directory, "keys", "export", str(tmp_path / "exported"))
    run(directory, "keys", "import", str(tmp_path / "exported"))
    run(directory, "backup", str(tmp_path / "copy.db"))
    run(directory, "restore", str(tmp_path / "copy.db"))
    assert told(directory) == [
        ("create", "accesstokens", "robot", 200),
        ("create", "accesstokens", "robot", 409),
        ("delete", "accesstokens", "robot", 200),
        ("delete", "accesstokens", "robot", 404),
        ("create", "keys/rotate", key, 200),
        ("get", "keys/export", "", 200),
        ("create", "keys/import", "", 200),
        ("create", "database/restore", "", 200),
    ]
    events = recorded(directory)
    assert [each["stage"] for each in events] == ["RequestReceived", "ResponseComplete"] * 8
    assert [each["auditID"] for each in events[::2]] == [each["auditID"] for each in events[1::2]]
    user = f"local/{pwd.getpwuid(os.getuid()).pw_name}"
    assert {(each["user"]["username"], *each["sourceIPs"], each["annotations"][DOOR]) for each in events} == {
        (user, "cli")
    }
    assert token not in (directory / "audit" / "audit.jsonl").read_text()


def test_what_was_pasted_in_place_of_a_name_is_not_recorded(directory: Path) -> None:
    pasted = "iy_" + "Tk" * 22
    run(directory, "token", "create", pasted, "--user", "bot", exits=2)
    run(directory, "token", "revoke", pasted, exits=5)
    assert pasted not in (directory / "audit" / "audit.jsonl").read_text()


def test_a_file_that_is_no_backup_is_recorded_as_a_failure(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "none.db").write_text("nothing")
    CliRunner().invoke(_app, ["restore", str(tmp_path / "none.db"), "--data-dir", str(directory)])
    assert told(directory)[0][3] >= 400


@pytest.mark.parametrize("command", [("token", "create", "v1", "--user", "u"), ("keys", "rotate")])
def test_nothing_is_done_that_cannot_be_recorded(directory: Path, command: tuple[str, ...]) -> None:
    run(directory, "keys", "rotate")
    keys = {*(directory / "keys").iterdir()}
    (directory / "audit").rename(directory / "away")
    (directory / "audit").write_text("in the way")
    done = run(directory, *command, exits=3)
    assert "audit" in done.stderr
    assert {*(directory / "keys").iterdir()} == keys
    assert run(directory, "token", "list").stdout.splitlines()[1:] == []
