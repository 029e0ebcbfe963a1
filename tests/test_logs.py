"""Logs: structured, and nothing secret survives the last processor."""

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
