"""Logs: structured, and nothing secret survives the last processor."""

import json
import logging
import timeit
from collections.abc import Iterator

import pytest
import structlog

from imageyard import logs

CANARY = "canary-4711-password"


@pytest.mark.parametrize("key", ["password", "Authorization", "access_token", "client_secret", "Set-Cookie"])
def test_values_of_telling_keys_are_hidden(key: str) -> None:
    assert logs.redact(None, "info", {key: CANARY})[key] == "***"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"basic {CANARY}==",
        f"https://user:{CANARY}@registry.example.com/v2/",
        f"https://auth.example.com/token?account=a&secret={CANARY}",
        f"https://blob.example.com/x#{CANARY}",
        "iy_" + CANARY * 2,
        f"/oapis/eyJhbGciOiJSUzI1NiJ9.{CANARY}.{CANARY}/x",
        f"eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIi{CANARY}.{CANARY}",
    ],
)
def test_credentials_inside_texts_are_hidden(text: str) -> None:
    assert CANARY not in logs.scrub(f"it failed: {text} (again)")


def test_identifiers_stay_readable() -> None:
    event = {"msg": "sync_finished", "namespace": "default", "name": "nginx", "reason": "Synced", "duration_ms": 12}
    assert logs.redact(None, "info", dict(event)) == event


@pytest.fixture
def untouched() -> Iterator[None]:
    """What the test does to logging ends with it."""
    root = logging.getLogger()
    held, level = [*root.handlers], root.level
    yield
    root.handlers[:] = held
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("untouched")
def test_every_line_says_when_how_bad_and_what_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json")
    structlog.get_logger().info("sync_finished", name="nginx")
    logging.getLogger("library").warning("odd")
    written = capsys.readouterr()
    assert written.out == ""
    ours, theirs = map(json.loads, written.err.splitlines())
    assert (ours["level"], ours["msg"], ours["name"]) == ("info", "sync_finished", "nginx")
    assert (theirs["level"], theirs["msg"], theirs["logger"]) == ("warning", "odd", "library")
    assert ours["ts"][:10] == theirs["ts"][:10]
    assert ours["ts"].endswith("Z")
    assert theirs["ts"].endswith("Z")


@pytest.mark.parametrize(
    "piece",
    [
        "http://",
        "https://a",
        "http://a@",
        "http://?",
        "basic ",
        "bearer\t",
        "iy_",
        "eyJ",
        "-eyJ",
        "eyJa.",
        "eyJabcdef.",
        " ",
    ],
)
def test_a_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """Time per character may not grow: a text sixteen times as long may take sixteen times as long, and some."""

    def seconds(length: int) -> float:
        text = "basic" + piece * (length // len(piece))
        return min(timeit.repeat(lambda: logs.scrub(text), number=1, repeat=3))

    assert seconds(64_000) < 80 * max(seconds(4_000), 0.0002)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://a?x=1 b", "http://a?*** b"),
        ('"http://a?x","http://b#y"', '"http://a?***","http://b?***"'),
        ("http://ahttp://b?x", "http://ahttp://b?***"),
        ("http://a? b", "http://a? b"),
        ("http://a/b", "http://a/b"),
    ],
)
def test_only_the_query_of_a_url_is_hidden(text: str, shown: str) -> None:
    assert logs.scrub(text) == shown
