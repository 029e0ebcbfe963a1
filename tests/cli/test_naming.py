"""Names that are typed: whatever is in them, they name one thing of the server, or nothing."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from imageyard.app import server
from imageyard.cli.main import _app
from imageyard.settings import Settings

ODD = ("x1?zz", "x1#zz", "x1/", "/x1", "a/b", "../tokens/x1", "x1%3Fzz", "x1 ", "..", "", "名", "x1\n")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """The data directory of a server that runs, in a thread of its own."""
    loop, ready, stop = uvloop.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with server.running(Settings(data_dir=tmp_path, port=0, tls_port=0)):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(20)
        yield tmp_path
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def run(data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(_app, [*arguments[:2], "--data-dir", str(data), *arguments[2:]])


@pytest.mark.parametrize("kind", ["served", "directory"], ids=["through a server", "in the file"])
def test_an_odd_name_revokes_and_retires_nothing_and_is_told_as_it_was_typed(
    request: pytest.FixtureRequest, kind: str
) -> None:
    data: Path = request.getfixturevalue(kind)
    assert run(data, "token", "create", "x1", "--user", "u", "--group", "image-viewer").exit_code == 0
    for name in ("ci", *ODD):
        done = run(data, "token", "revoke", "--", name)
        assert (done.exit_code, done.stderr) == (5, f'imageyard: token "{name}" not found\n')
    for name in ("ci", "../x", *ODD):
        done = run(data, "keys", "retire", "--yes", "--", name)
        assert (done.exit_code, done.stderr) == (5, f'imageyard: key "{name}" not found\n')
    assert "\nx1 " in run(data, "token", "list").stdout


def test_what_is_wrong_with_a_user_or_a_group_is_told_by_its_option(served: Path) -> None:
    done = run(served, "token", "create", "ci", "--user", " u", "--group", "g", "--group", "x" * 257)
    assert (done.exit_code, done.stderr) == (
        2,
        "imageyard: --user: drop the white space at the beginning and the end; --group: has at most 256 characters\n",
    )


def test_brackets_in_a_name_are_shown(directory: Path) -> None:
    done = run(directory, "token", "create", "ci", "--user", "[bold]u[/x]", "--group", "[red]")
    assert done.exit_code == 0
    assert "[bold]u[/x]" in run(directory, "token", "list").stdout
