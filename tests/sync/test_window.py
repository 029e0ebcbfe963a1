from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.objects import Key
from imageyard.sync.window import Window

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def key(name: str) -> Key:
    return Key("repositories", "default", name)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(-100, 100) | st.none()), max_size=50))
def test_each_key_comes_out_once_at_the_moment_given_last(steps: list[tuple[str, int | None]]) -> None:
    window, expected = Window(), dict[str, datetime]()
    for name, seconds in steps:
        if seconds is None:
            window.discard(key(name))
            expected.pop(name, None)
        else:
            expected[name] = NOW + timedelta(seconds=seconds)
            window.put(key(name), expected[name])
    due = {name: at for name, at in expected.items() if at <= NOW}
    assert window.next() == min(expected.values(), default=None)
    taken = window.pop(NOW)
    assert {k.name: at for k, at in taken} == due
    assert [at for _, at in taken] == sorted(at for _, at in taken)
    assert window.pop(NOW) == []
    assert len(window) == len(expected) - len(due)
