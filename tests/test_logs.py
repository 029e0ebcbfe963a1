"""Logs: structured, and nothing secret survives the last processor."""

import timeit

import pytest

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
    ],
)
def test_credentials_inside_texts_are_hidden(text: str) -> None:
    assert CANARY not in logs.scrub(f"it failed: {text} (again)")


def test_identifiers_stay_readable() -> None:
    event = {"msg": "sync_finished", "namespace": "default", "name": "nginx", "reason": "Synced", "duration_ms": 12}
    assert logs.redact(None, "info", dict(event)) == event


@pytest.mark.parametrize("piece", ["http://", "https://a", "http://a@", "http://?", "basic ", "bearer\t", "iy_", " "])
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
