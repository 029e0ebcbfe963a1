"""Bodies of a list: the same objects whether they are looked at one by one or taken as a whole, in any order."""

from hypothesis import given
from hypothesis import strategies as st

from imageyard.domain.objects import Key
from imageyard.store import Bodies, Page, Stored

NAMES = st.lists(st.text("abc-", min_size=1, max_size=9), max_size=6)
FRAME = st.binary(max_size=9)
MANY = 10_000


def body(name: str) -> bytes:
    return b'{"metadata":{"name":"%s","uid":"u","namespace":"a"},"spec":"a,b"}' % name.encode()


def stored(names: list[str]) -> list[Stored]:
    return [Stored(Key("repositories", "a", name), "u", number, body(name)) for number, name in enumerate(names)]


def bodies(names: list[str]) -> Bodies:
    return Bodies("repositories", range(len(names)), [*map(body, names)])


@given(names=NAMES, frames=st.lists(FRAME, max_size=3), begin=st.integers(0, 6), end=st.integers(0, 6))
def test_they_are_the_same_before_and_after_they_were_framed(
    names: list[str], frames: list[bytes], begin: int, end: int
) -> None:
    found = bodies(names)
    for frame in frames:
        text = found.framed(frame, frame[::-1], MANY)
        assert text == frame + b",".join(map(body, names)) + frame[::-1]
        assert found.framed(frame, frame[::-1], MANY) is text
    assert [*found.bodies] == [*map(body, names)]
    assert [*found] == stored(names)
    assert [found[at] for at in range(len(names))] == stored(names)
    assert [*found[begin:end]] == stored(names)[begin:end]
    assert len(found) == len(names)


@given(names=NAMES, framed_first=st.booleans(), near=st.integers(-2, 2))
def test_what_is_more_than_is_wanted_is_not_given_however_it_is_held(
    names: list[str], framed_first: bool, near: int
) -> None:
    found, size = bodies(names), sum(len(body(name)) for name in names)
    most = max(0, size + near)
    if framed_first:
        found.framed(b"[", b"]", MANY)
    for page in (Page(found, 0, 0, ""), Page(stored(names), 0, 0, "")):
        framed = page.framed(b"[", b"]", most)
        assert framed == (b"[" + b",".join(map(body, names)) + b"]" if size <= most else None)
