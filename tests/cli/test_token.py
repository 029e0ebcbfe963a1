"""What `imageyard token create` says, beside the token."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from imageyard.cli.main import _app


def create(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(_app, ["token", "create", *arguments, "--data-dir", str(directory)])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("v1", "--user", ""), "imageyard: --user: must not be empty\n"),
        (("v1", "--user", "u", "--group", ""), "imageyard: --group: must not be empty\n"),
        (("Not A Name", "--user", "u"), "imageyard: NAME: "),
    ],
)
def test_what_is_wrong_is_named_as_it_was_typed(directory: Path, arguments: tuple[str, ...], told: str) -> None:
    done = create(directory, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(told)


def test_a_name_that_is_taken_is_told_with_the_remedy(directory: Path) -> None:
    create(directory, "v1", "--user", "u", "--group", "image-viewer")
    done = create(directory, "v1", "--user", "u")
    assert done.exit_code == 7
    assert done.stderr == (
        'imageyard: a token named "v1" exists already; revoke it first (imageyard token revoke v1)\n'
    )


@pytest.mark.parametrize("group", ["image-admin", "image-operator", "image-viewer", "system:masters"])
def test_a_token_with_rights_is_made_without_a_word(directory: Path, group: str) -> None:
    done = create(directory, "v1", "--user", "u", "--group", "bogus", "--group", group)
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize("groups", [(), ("--group", "bogus")])
def test_a_token_that_may_nothing_is_made_with_a_warning(directory: Path, groups: tuple[str, ...]) -> None:
    done = create(directory, "v1", "--user", "u", *groups)
    assert done.exit_code == 0
    assert done.stdout.startswith("iy_")
    assert done.stderr.startswith(
        "imageyard: warning: this token may do nothing until a binding names its user or groups; "
    )
    assert "image-viewer" in done.stderr
