"""Remembered objects: given out as long as they are true, and within their bound of memory."""

from typing import Literal

from imageyard.domain.objects import Key
from imageyard.store import Change, Stored
from imageyard.store.sqlite.recent import Recent


def stored(name: str, version: int = 1, size: int = 10) -> Stored:
    return Stored(Key("repositories", "a", name), f"uid-{name}", version, b"x" * size)


def change(type_: Literal["MODIFIED", "DELETED"], name: str, resource: str = "repositories") -> Change:
    return Change(type_, 2, Key(resource, "a", name), "u", b"")


def test_what_changed_or_went_is_forgotten_and_nothing_else() -> None:
    recent = Recent()
    for name in ("changed", "deleted", "kept"):
        recent.put(stored(name))
    recent.tell([change("MODIFIED", "changed"), change("DELETED", "deleted"), change("MODIFIED", "kept", "events")])
    assert [recent.get(stored(name).key) for name in ("changed", "deleted", "kept")] == [None, None, stored("kept")]


def test_memory_is_bounded_and_what_is_asked_for_stays() -> None:
    recent = Recent(most_bytes=10_000)
    recent.put(stored("asked"))
    for number in range(100):
        recent.put(stored(f"other-{number}", size=100))
        assert recent.get(stored("asked").key) is not None
        assert recent.size <= 10_000
    assert recent.get(stored("other-0").key) is None
    assert recent.get(stored("other-99").key) is not None


def test_a_newer_reading_takes_the_place_of_an_older_one() -> None:
    recent = Recent()
    recent.put(stored("one", 1, size=1_000))
    recent.put(stored("one", 2))
    size = recent.size
    recent.tell([change("DELETED", "one")])
    assert (recent.get(stored("one").key), recent.size, size > 0) == (None, 0, True)
